import { assert } from "../core/assert.ts";

/**
 * Numbers 0 to size − 1 that are handed out and come back: Mamba slots, KV pages. A number that is
 * shared comes back once everybody has given it.
 * The lowest free number goes first, so memory that was never touched stays so.
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

  /** Undefined when all are out. */
  acquire(): number | undefined {
    while (this.lowest < this.size && this.holders[this.lowest]) this.lowest++;
    if (this.lowest === this.size) return undefined;
    this.holders[this.lowest] = 1;
    this.taken++;
    return this.lowest++;
  }

  /** One more holder of a number that is out. */
  share(number: number): void {
    assert((this.holders[number] ?? 0) > 0, `number ${number} was not out`);
    this.holders[number]! += 1;
  }

  release(number: number): void {
    assert((this.holders[number] ?? 0) > 0, `number ${number} was not out`);
    this.holders[number]! -= 1;
    if (this.holders[number]! > 0) return;
    this.taken--;
    this.lowest = Math.min(this.lowest, number);
  }
}
