import type { MediaEmbedding } from "./media-embedding.ts";

/** What was opened lately, by the keys of its visuals; the least recently used goes first. */
export class VisualCache<T extends { readonly visual: MediaEmbedding }> {
  private readonly maxBytes: number;
  private readonly entries = new Map<string, T>();

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get(key: string): T | undefined {
    const known = this.entries.get(key);
    if (known === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, known); // the latest used comes last
    return known;
  }

  /** The first by a key that begins so, of those that will do. */
  search(beginning: string, willDo: (opened: T) => boolean): T | undefined {
    for (const [key, opened] of this.entries) {
      if (key.startsWith(beginning) && willDo(opened)) return this.get(key);
    }
    return undefined;
  }

  /** Returns what is known by that key already, if somebody else was faster. */
  remember(opened: T): T {
    const { key } = opened.visual;
    const raced = this.get(key);
    if (raced !== undefined) return raced;
    this.entries.set(key, opened);
    // sizes change while visuals are encoded, so they are added up each time
    let bytes = 0;
    for (const { visual } of this.entries.values()) bytes += visual.bytes;
    for (const [oldest, { visual }] of this.entries) {
      if (bytes <= this.maxBytes || oldest === key) break;
      this.entries.delete(oldest); // sequences that use it keep it alive
      bytes -= visual.bytes;
    }
    return opened;
  }
}
