import type { MediaEmbedding } from "./media-embedding.ts";

/** LRU cache of opened media by the keys of their embeddings, bounded by bytes. */
export class EmbeddingCache<T extends { readonly embedding: MediaEmbedding }> {
  private readonly maxBytes: number;
  private readonly entries = new Map<string, T>();

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get(key: string): T | undefined {
    const cached = this.entries.get(key);
    if (cached === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, cached); // the most recently used comes last
    return cached;
  }

  /** The first entry whose key has the prefix and that satisfies the condition. */
  search(keyPrefix: string, accepts: (opened: T) => boolean): T | undefined {
    for (const [key, opened] of this.entries) {
      if (key.startsWith(keyPrefix) && accepts(opened)) return this.get(key);
    }
    return undefined;
  }

  /** Adds an entry. Returns the existing one if a concurrent request was faster. */
  add(opened: T): T {
    const { key } = opened.embedding;
    const cached = this.get(key);
    if (cached !== undefined) return cached;
    this.entries.set(key, opened);
    // sizes change while tiles are encoded, so they are added up each time
    let bytes = 0;
    for (const { embedding } of this.entries.values()) bytes += embedding.bytes;
    for (const [oldest, { embedding }] of this.entries) {
      if (bytes <= this.maxBytes || oldest === key) break;
      this.entries.delete(oldest); // sequences that use it keep it alive
      bytes -= embedding.bytes;
    }
    return opened;
  }
}
