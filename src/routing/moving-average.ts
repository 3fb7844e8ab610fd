/**
 * An exponentially weighted moving average whose weight fades with time, so that an old
 * measurement counts less however few came after it.
 */
export class MovingAverage {
  private readonly halfLifeMs: number;
  private sum = 0;
  private weight = 0;
  private latestMs = 0;

  constructor(halfLifeMs: number) {
    this.halfLifeMs = halfLifeMs;
  }

  add(value: number, nowMs: number): void {
    const fade = this.fadeAt(nowMs);
    this.sum = this.sum * fade + value;
    this.weight = this.weight * fade + 1;
    this.latestMs = Math.max(this.latestMs, nowMs);
  }

  /** Undefined before the first value. */
  get value(): number | undefined {
    return this.weight === 0 ? undefined : this.sum / this.weight;
  }

  private fadeAt(nowMs: number): number {
    // the clock may be set back
    return 0.5 ** (Math.max(0, nowMs - this.latestMs) / this.halfLifeMs);
  }
}
