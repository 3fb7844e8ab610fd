import { assert } from "../core/assert.ts";

/**
 * A reference-counted pool of the numbers 0 to size − 1: Mamba slots, KV pages. The lowest free
 * number is handed out first, so that memory which was never touched stays untouched.
 */
export class NumberPool {
  readonly size: number;
  private readonly holders: Uint32Array;
  private lowest = 0;
  private taken = 0;

  constructor(size: number) {
    this.size = size;
    this.holders = new Uint32Array(size);
  }

  get free(): number {
    return this.size - this.taken;
  }

  /** Returns undefined if no number is free. */
  acquire(): number | undefined {
    while (this.lowest < this.size && this.holders[this.lowest]) this.lowest++;
    if (this.lowest === this.size) return undefined;
    this.holders[this.lowest] = 1;
    this.taken++;
    return this.lowest++;
  }

  /** Adds a holder of a number that is in use. */
  share(number: number): void {
    assert((this.holders[number] ?? 0) > 0, `number ${number} is not in use`);
    this.holders[number]! += 1;
  }

  /** Drops one holder; the number is free when none is left. */
  release(number: number): void {
    assert((this.holders[number] ?? 0) > 0, `number ${number} is not in use`);
    this.holders[number]! -= 1;
    if (this.holders[number]! > 0) return;
    this.taken--;
    this.lowest = Math.min(this.lowest, number);
  }
}
