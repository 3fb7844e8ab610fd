import { PAGE_ROWS } from "../backends/backend.ts";
import type { NumberPool } from "./pool.ts";

/** What a sequence needs to go on after the first `tokens` tokens without computing them. */
export interface CachedPrefix {
  readonly tokens: number;
  /** Full KV pages, shared with whoever uses them. */
  readonly pages: readonly number[];
  /** Where the Mamba state after those tokens is kept. */
  readonly slot: number;
}

export interface PrefixCacheStats {
  readonly entries: number;
  /** Tokens of all prompts that came in, and those of them that were found here. */
  readonly tokensAsked: number;
  readonly tokensFound: number;
}

/**
 * Remembers states of prompts by the keys of their prefixes. KV pages are shared with the sequences
 * that made them; the Mamba state, which cannot be cut, is a copy in a slot of its own. Bounded by
 * its slots; the least recently used entry goes first.
 */
export class PrefixCache {
  private readonly pages: NumberPool;
  private readonly freeSlots: number[];
  /** From the least to the most recently used. */
  private readonly entries = new Map<string, CachedPrefix>();
  private tokensAsked = 0;
  private tokensFound = 0;

  /** slots: numbers that only the cache uses. */
  constructor(slots: readonly number[], pages: NumberPool) {
    this.freeSlots = [...slots].reverse();
    this.pages = pages;
  }

  get stats(): PrefixCacheStats {
    return {
      entries: this.entries.size,
      tokensAsked: this.tokensAsked,
      tokensFound: this.tokensFound,
    };
  }

  /** The longest cached prefix among those of a prompt; its pages get one more holder. */
  adopt(keys: readonly string[], promptTokens: number): CachedPrefix | undefined {
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
   * Makes an entry for a sequence's state after `tokens` tokens, whose pages get one more holder.
   * Returns the slot to copy the Mamba state to, or undefined if the prefix is known already.
   */
  remember(key: string, tokens: number, pages: readonly number[]): number | undefined {
    if (this.entries.has(key)) return undefined;
    if (this.freeSlots.length === 0) this.evict();
    const slot = this.freeSlots.pop();
    if (slot === undefined) return undefined;
    const kept = pages.slice(0, tokens / PAGE_ROWS);
    for (const page of kept) this.pages.share(page);
    this.entries.set(key, { tokens, pages: kept, slot });
    return slot;
  }

  /** Forgets the entry that was not used for the longest time. False if there is none. */
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
