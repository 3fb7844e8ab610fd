import { linkAbort } from "../../core/abort.ts";
import { defined } from "../../core/defined.ts";
import { VireoError } from "../../core/errors.ts";
import { failure } from "./failures.ts";

/** How long an attempt waits, in milliseconds. */
export interface AttemptLimits {
  /** For a connection. */
  readonly connectMs: number;
  /** From the request to the first part of the answer; comments do not count. */
  readonly firstTokenMs: number;
  /** Between two parts of the answer. */
  readonly betweenTokensMs: number;
  /** For the whole answer. */
  readonly totalMs: number;
}

export const DEFAULT_LIMITS: AttemptLimits = Object.freeze({
  connectMs: 5000,
  firstTokenMs: 120_000,
  betweenTokensMs: 60_000,
  totalMs: 600_000,
});

/**
 * One attempt at a provider: its signal, its clock, and what has come of it.
 *
 * A limit between two parts applies only while the provider is waited for, not while the reader of
 * the answer takes its time.
 */
export class Attempt {
  /** Aborted by the caller, or when a limit has passed; then its reason is the error. */
  readonly signal: AbortSignal;
  private readonly provider: string;
  private readonly limits: AttemptLimits;
  private readonly caller: AbortSignal | undefined;
  private readonly abort: (reason: unknown) => void;
  private readonly releaseSignal: () => void;
  private readonly started = performance.now();
  private readonly total: NodeJS.Timeout;
  private wait: NodeJS.Timeout | undefined;
  private isWaiting = false;
  private isExpired = false;
  private waitMs: number;
  private waitName = "for its first token";
  private firstPartAt: number | undefined;
  private deliveredPart = false;

  constructor(provider: string, limits: AttemptLimits, caller: AbortSignal | undefined) {
    const { signal, abort, release } = linkAbort(caller);
    this.provider = provider;
    this.limits = limits;
    this.caller = caller;
    this.signal = signal;
    this.abort = abort;
    this.releaseSignal = release;
    this.waitMs = limits.firstTokenMs;
    this.total = setTimeout(() => this.expire("in all", limits.totalMs), limits.totalMs);
    this.startWaiting();
  }

  /** Milliseconds from the request to the first part of the answer. */
  get firstTokenMs(): number {
    return (this.firstPartAt ?? performance.now()) - this.started;
  }

  get ms(): number {
    return performance.now() - this.started;
  }

  /** The provider is waited for again. */
  startWaiting(): void {
    this.isWaiting = true;
    if (this.wait === undefined || this.isExpired) this.restart(this.waitMs, this.waitName);
    else this.wait.refresh();
  }

  /** The reader has a part of the answer and may take its time. */
  stopWaiting(): void {
    this.isWaiting = false;
  }

  /** A part of the answer has arrived, so that from now on the limit between parts applies. */
  progress(): void {
    if (this.firstPartAt === undefined) {
      this.firstPartAt = performance.now();
      this.restart(this.limits.betweenTokensMs, "between two tokens");
    } else {
      this.wait?.refresh();
    }
  }

  /** A part of the answer goes to the caller. */
  deliver(): void {
    this.deliveredPart = true;
  }

  get delivered(): boolean {
    return this.deliveredPart;
  }

  /** Stops all timers. Call it however the attempt ends. */
  end(): void {
    clearTimeout(this.total);
    clearTimeout(this.wait);
    this.releaseSignal();
  }

  /**
   * The error to throw for anything that was thrown during the attempt: the caller's own reason,
   * the limit that has passed, or what happened, with the state of the attempt.
   */
  toError(thrown: unknown): unknown {
    if (this.caller?.aborted) return this.caller.reason;
    const error = this.signal.aborted ? this.signal.reason : thrown;
    const known = error instanceof VireoError ? error : this.brokenOff(error);
    const { code, message, param, metadata, retryAfterMs, cause } = known;
    const attempt = {
      ...(known.attempt ?? { provider: this.provider, fault: "invalid", callerFault: false }),
      delivered: this.delivered,
      ms: this.ms,
    } as const;
    const details = { param, metadata, retryAfterMs, cause, attempt };
    return new VireoError(code, message, defined(details));
  }

  private restart(ms: number, name: string): void {
    clearTimeout(this.wait);
    this.waitMs = ms;
    this.waitName = name;
    this.isExpired = false;
    this.wait = setTimeout(() => {
      this.isExpired = true;
      if (this.isWaiting) this.expire(name, ms);
    }, ms);
  }

  private expire(name: string, ms: number): void {
    const seconds = ms / 1000;
    const message = `${this.provider} took more than ${seconds} s ${name}; try again`;
    const about = { provider: this.provider, fault: "timeout" } as const;
    this.abort(failure("upstream_timeout", message, about));
  }

  private brokenOff(error: unknown): VireoError {
    const about = { provider: this.provider, fault: "cut" } as const;
    const message = `${this.provider} broke off its answer; try again`;
    const cause = error instanceof Error ? { cause: error } : {};
    return failure("upstream_invalid_response", message, about, cause);
  }
}
