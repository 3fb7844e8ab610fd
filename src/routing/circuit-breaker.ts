import type { BreakerState } from "../core/endpoint-status.ts";

export interface BreakerOptions {
  /** Failures in a row after which the circuit opens. */
  readonly failures: number;
  /** Time for which it stays open at first; each failed probe doubles it, up to `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
}

export const DEFAULT_BREAKER: BreakerOptions = Object.freeze({
  failures: 5,
  openMs: 10_000,
  maxOpenMs: 120_000,
});

/**
 * Keeps requests away from an endpoint that fails.
 *
 * closed: requests pass. open: none does. half_open: one request passes as a probe; its success
 * closes the circuit and its failure opens it again for twice the time.
 */
export class CircuitBreaker {
  private readonly options: BreakerOptions;
  private failuresInRow = 0;
  private openedMs: number | undefined;
  private openMs = 0;
  private probing = false;

  constructor(options: BreakerOptions) {
    this.options = options;
  }

  stateAt(nowMs: number): BreakerState {
    if (this.openedMs === undefined) return "closed";
    return this.waitMs(nowMs) > 0 ? "open" : "half_open";
  }

  /** Whether a request may begin now. */
  allows(nowMs: number): boolean {
    const state = this.stateAt(nowMs);
    return state === "closed" || (state === "half_open" && !this.probing);
  }

  /** Time until a probe may begin; 0 if requests pass. */
  waitMs(nowMs: number): number {
    if (this.openedMs === undefined) return 0;
    // never longer than openMs, even if the clock was set back
    return Math.min(this.openMs, Math.max(0, this.openedMs + this.openMs - nowMs));
  }

  /** A request begins. Call `succeeded`, `failed` or `abandoned` when it has ended. */
  begin(nowMs: number): void {
    if (this.stateAt(nowMs) === "half_open") this.probing = true;
  }

  succeeded(): void {
    this.failuresInRow = 0;
    this.openedMs = undefined;
    this.openMs = 0;
    this.probing = false;
  }

  failed(nowMs: number): void {
    this.failuresInRow += 1;
    const isProbe = this.probing;
    this.probing = false;
    if (isProbe) this.open(Math.min(this.options.maxOpenMs, this.openMs * 2), nowMs);
    else if (this.openedMs === undefined && this.failuresInRow >= this.options.failures) {
      this.open(this.options.openMs, nowMs);
    }
  }

  /** The request failed in a way that no repetition mends: the circuit opens at once. */
  trip(nowMs: number): void {
    this.failuresInRow = Math.max(this.failuresInRow, this.options.failures - 1);
    this.failed(nowMs);
  }

  /** The request ended without a verdict: its client left, or the request itself was wrong. */
  abandoned(): void {
    this.probing = false;
  }

  private open(ms: number, nowMs: number): void {
    this.openedMs = nowMs;
    this.openMs = ms;
  }
}
