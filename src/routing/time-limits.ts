import type { ChatEvent } from "../core/chat.ts";
import type { AttemptLimits } from "./endpoint.ts";

export type TimeLimit = "first_token" | "between_events" | "total";

/** Whether an event is a part of the answer: after it, the request cannot go elsewhere unseen. */
export function isOutput({ type }: ChatEvent): boolean {
  return type !== "start";
}

/**
 * Passes events through while they come in time.
 *
 * An upstream that ignores its signal holds nobody up: neither its next event nor its end is waited
 * for after the signal was aborted or a limit was passed.
 *
 * Throws what `expire` makes when a limit passes (it should also abort the work), and the signal's
 * reason.
 */
export async function* withTimeLimits(
  events: AsyncIterable<ChatEvent>,
  limits: AttemptLimits,
  signal: AbortSignal,
  expire: (limit: TimeLimit, ms: number) => Error,
): AsyncGenerator<ChatEvent> {
  const iterator = events[Symbol.asyncIterator]();
  const watch = new AttemptWatch(limits, signal, expire);
  let isOver = false;
  try {
    while (true) {
      const next = await watch.inTime(iterator.next());
      if (next.done === true) {
        isOver = true;
        return;
      }
      if (isOutput(next.value)) watch.onOutput();
      yield next.value;
      watch.onResume();
    }
  } finally {
    watch.stop();
    // not awaited: it may wait for an event that never comes
    if (!isOver) iterator.return?.().catch(() => {});
  }
}

/** The timers of one attempt, and the promise that waits for its next event. */
class AttemptWatch {
  private readonly limits: AttemptLimits;
  private readonly signal: AbortSignal;
  private readonly expire: (limit: TimeLimit, ms: number) => Error;
  private readonly total: NodeJS.Timeout | undefined;
  private first: NodeJS.Timeout | undefined;
  private between: NodeJS.Timeout | undefined;
  private hasOutput = false;
  private failure: { readonly error: unknown } | undefined;
  private reject: ((error: unknown) => void) | undefined;

  constructor(
    limits: AttemptLimits,
    signal: AbortSignal,
    expire: (limit: TimeLimit, ms: number) => Error,
  ) {
    this.limits = limits;
    this.signal = signal;
    this.expire = expire;
    this.total = this.start("total", limits.totalMs);
    this.first = this.start("first_token", limits.firstTokenMs);
    signal.addEventListener("abort", this.onAbort);
  }

  /** The result of the promise, or the error of whatever ends the attempt before. */
  inTime<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.reject = reject;
      promise.then(resolve, reject);
      if (this.failure !== undefined) reject(this.failure.error);
    });
  }

  /** A part of the answer came; the consumer may now take its time. */
  onOutput(): void {
    this.hasOutput = true;
    clearTimeout(this.first);
    clearTimeout(this.between);
  }

  /** The consumer asks for the next event. */
  onResume(): void {
    if (this.hasOutput) this.between = this.start("between_events", this.limits.betweenEventsMs);
  }

  stop(): void {
    clearTimeout(this.total);
    clearTimeout(this.first);
    clearTimeout(this.between);
    this.signal.removeEventListener("abort", this.onAbort);
  }

  private readonly onAbort = (): void => this.fail(this.signal.reason);

  private start(limit: TimeLimit, ms: number | undefined): NodeJS.Timeout | undefined {
    return ms === undefined ? undefined : setTimeout(() => this.fail(this.expire(limit, ms)), ms);
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
    this.reject?.(error);
  }
}
