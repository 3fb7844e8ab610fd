import type { HealthReport, Percentiles } from "../core/endpoint-status.ts";
import { type BreakerOptions, CircuitBreaker } from "./circuit-breaker.ts";
import { MovingAverage } from "./moving-average.ts";

const HALF_LIFE_MS = 60_000;
const WINDOW_MS = 30 * 60_000;
/** Attempts that percentiles and uptime are computed from. */
const MAX_RECENT = 256;
/** While a probe runs, nobody knows how long it takes. */
const PROBE_WAIT_MS = 1000;

/** Measurements of one attempt that was answered. */
export interface AttemptFigures {
  readonly firstTokenMs: number;
  readonly completionTokens: number;
  /** From the first token to the end. */
  readonly decodeMs: number;
}

interface Recent {
  readonly atMs: number;
  readonly figures?: AttemptFigures;
}

/** Measures one endpoint and decides whether it takes requests. */
export class EndpointHealth {
  private readonly breaker: CircuitBreaker | undefined;
  private readonly firstToken = new MovingAverage(HALF_LIFE_MS);
  private readonly speed = new MovingAverage(HALF_LIFE_MS);
  private recent: Recent[] = [];
  private restsUntilMs = 0;
  private running = 0;
  private successes = 0;
  private failures = 0;
  private lastError: { readonly code: string; readonly atMs: number } | undefined;

  /** options: undefined for an endpoint that always takes requests. */
  constructor(options: BreakerOptions | undefined) {
    this.breaker = options && new CircuitBreaker(options);
  }

  /** Mean time to the first token. Undefined: not measured. */
  get firstTokenMs(): number | undefined {
    return this.firstToken.value;
  }

  /** Mean tokens per second. Undefined: not measured. */
  get throughput(): number | undefined {
    return this.speed.value;
  }

  /** Time until it takes requests; 0: now. */
  waitMs(nowMs: number): number {
    if (this.breaker === undefined) return 0;
    const resting = Math.max(0, this.restsUntilMs - nowMs);
    const probing = this.breaker.allows(nowMs) ? 0 : PROBE_WAIT_MS;
    return Math.max(resting, this.breaker.waitMs(nowMs), probing);
  }

  /** The other side asked for a pause, by 429 and `retry-after`. */
  isResting(nowMs: number): boolean {
    return this.restsUntilMs > nowMs;
  }

  begin(nowMs: number): void {
    this.running += 1;
    this.breaker?.begin(nowMs);
  }

  succeeded(figures: AttemptFigures, nowMs: number): void {
    this.running -= 1;
    this.successes += 1;
    this.breaker?.succeeded();
    this.firstToken.add(figures.firstTokenMs, nowMs);
    const speed = speedOf(figures);
    if (speed !== undefined) this.speed.add(speed, nowMs);
    this.remember({ atMs: nowMs, figures });
  }

  /** isFinal: further attempts would fail too, so the circuit opens at once. */
  failed(code: string, nowMs: number, { isFinal = false } = {}): void {
    this.countFailure(code, nowMs);
    if (isFinal) this.breaker?.trip(nowMs);
    else this.breaker?.failed(nowMs);
    this.remember({ atMs: nowMs });
  }

  /** It is healthy but takes no requests for a while. */
  limited(code: string, pauseMs: number, nowMs: number): void {
    this.countFailure(code, nowMs);
    this.restsUntilMs = Math.max(this.restsUntilMs, nowMs + pauseMs);
    this.breaker?.abandoned();
  }

  /** Nothing was learned about it. */
  abandoned(): void {
    this.running -= 1;
    this.breaker?.abandoned();
  }

  report(nowMs: number): HealthReport {
    const recent = this.recent.filter(({ atMs }) => atMs > nowMs - WINDOW_MS);
    const answered = recent.flatMap(({ figures }) => (figures === undefined ? [] : [figures]));
    const speeds = answered.map(speedOf).filter((speed) => speed !== undefined);
    const firstTokenMs = percentiles(answered.map((one) => one.firstTokenMs));
    // a provider's slowest answers are its lowest speeds
    const throughput = percentiles(speeds, "descending");
    const error = this.lastError;
    return {
      state: this.breaker?.stateAt(nowMs) ?? "closed",
      waitMs: this.waitMs(nowMs),
      running: this.running,
      succeeded: this.successes,
      failed: this.failures,
      ...(recent.length > 0 && { uptime: answered.length / recent.length }),
      ...(firstTokenMs && { firstTokenMs }),
      ...(throughput && { throughput }),
      ...(error && { lastError: { code: error.code, agoMs: Math.max(0, nowMs - error.atMs) } }),
    };
  }

  private countFailure(code: string, nowMs: number): void {
    this.running -= 1;
    this.failures += 1;
    this.lastError = { code, atMs: nowMs };
  }

  private remember(attempt: Recent): void {
    this.recent.push(attempt);
    if (this.recent.length > 2 * MAX_RECENT) this.recent = this.recent.slice(-MAX_RECENT);
  }
}

/**
 * Tokens per second after the first one. Undefined if they cannot be measured: one token has no
 * duration, and buffered answers would seem infinitely fast.
 */
function speedOf({ completionTokens, decodeMs }: AttemptFigures): number | undefined {
  return completionTokens > 1 && decodeMs > 0 ? (completionTokens / decodeMs) * 1000 : undefined;
}

function percentiles(
  values: readonly number[],
  order: "ascending" | "descending" = "ascending",
): Percentiles | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => (order === "ascending" ? a - b : b - a));
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { p50: at(0.5), p75: at(0.75), p90: at(0.9), p99: at(0.99) };
}
