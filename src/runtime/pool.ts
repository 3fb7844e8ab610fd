import { assert } from "../core/assert.ts";

/**
 * Numbers 0 to size − 1 that are handed out and come back: Mamba slots, KV pages.
 * The lowest free number goes first, so memory that was never touched stays so.
 */
export class NumberPool {
  readonly size: number;
  private readonly used: Uint8Array;
  private lowest = 0;
  private taken = 0;

  constructor(size: number) {
    this.size = size;
    this.used = new Uint8Array(size);
  }

  get free(): number {
    return this.size - this.taken;
  }

  /** Undefined when all are out. */
  take(): number | undefined {
    while (this.lowest < this.size && this.used[this.lowest]) this.lowest++;
    if (this.lowest === this.size) return undefined;
    this.used[this.lowest] = 1;
    this.taken++;
    return this.lowest++;
  }

  give(number: number): void {
    assert(this.used[number] === 1, `number ${number} was not out`);
    this.used[number] = 0;
    this.taken--;
    this.lowest = Math.min(this.lowest, number);
  }
}
