import { PAGE_ROWS } from "../backends/backend.ts";
import type { NumberPool } from "./pool.ts";

/** The state after the first `tokens` tokens of a prompt. */
export interface CachedPrefix {
  readonly tokens: number;
  /** Full KV pages, shared with the sequences that use them. */
  readonly pages: readonly number[];
  /** Slot of the Mamba state after those tokens. */
  readonly slot: number;
}

export interface PrefixCacheStats {
  readonly entries: number;
  /** Prompt tokens of all admitted sequences, and how many of them were found in the cache. */
  readonly tokensQueried: number;
  readonly tokensHit: number;
}

/**
 * LRU cache of prompt states by the keys of their prefixes. KV pages are shared with the sequences
 * that computed them. The Mamba state, which cannot be divided, is a copy in a slot of its own. The
 * number of slots bounds the cache.
 */
export class PrefixCache {
  private readonly pages: NumberPool;
  private readonly freeSlots: number[];
  /** From the least to the most recently used. */
  private readonly entries = new Map<string, CachedPrefix>();
  private tokensAsked = 0;
  private tokensFound = 0;

  /** slots: numbers of slots that only the cache uses. */
  constructor(slots: readonly number[], pages: NumberPool) {
    this.freeSlots = [...slots].reverse();
    this.pages = pages;
  }

  get stats(): PrefixCacheStats {
    return {
      entries: this.entries.size,
      tokensQueried: this.tokensAsked,
      tokensHit: this.tokensFound,
    };
  }

  /** The longest cached prefix of a prompt. Adds a holder to its pages. */
  acquire(keys: readonly string[], promptTokens: number): CachedPrefix | undefined {
    this.tokensAsked += promptTokens;
    const key = keys.findLast((one) => this.entries.has(one));
    const found = key === undefined ? undefined : this.entries.get(key);
    if (key === undefined || found === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, found);
    for (const page of found.pages) this.pages.share(page);
    this.tokensFound += found.tokens;
    return found;
  }

  /**
   * Adds an entry for a sequence's state after `tokens` tokens and a holder to its pages. Returns
   * the slot to copy the Mamba state to, or undefined if the prefix is cached already.
   */
  add(key: string, tokens: number, pages: readonly number[]): number | undefined {
    if (this.entries.has(key)) return undefined;
    if (this.freeSlots.length === 0) this.evict();
    const slot = this.freeSlots.pop();
    if (slot === undefined) return undefined;
    const shared = pages.slice(0, tokens / PAGE_ROWS);
    for (const page of shared) this.pages.share(page);
    this.entries.set(key, { tokens, pages: shared, slot });
    return slot;
  }

  /** Removes the least recently used entry; false if there is none. */
  evict(): boolean {
    const [oldest] = this.entries;
    if (oldest === undefined) return false;
    const [key, { slot, pages }] = oldest;
    this.entries.delete(key);
    this.freeSlots.push(slot);
    for (const page of pages) this.pages.release(page);
    return true;
  }

  clear(): void {
    while (this.evict());
  }
}
