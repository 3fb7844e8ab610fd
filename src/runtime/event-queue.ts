import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

/**
 * A queue from one producer to one consumer: pushed now, iterated later, ended or failed once. A
 * consumer that falls too far behind is cut off: what it left is dropped, and it gets an error.
 */
export class EventQueue<T> implements AsyncIterable<T> {
  private readonly events: T[] = [];
  /** The consumer was cut off or has left; nothing more needs to be produced. */
  unheard = false;
  private wake: (() => void) | undefined;
  private ended = false;
  private failure: unknown;

  push(event: T): void {
    if (this.ended) return;
    if (this.events.length === LIMITS.eventsUnread) {
      this.unheard = true;
      this.events.length = 0;
      const text = `${LIMITS.eventsUnread} pieces of the answer are unread; read it faster`;
      this.fail(new VireoError("client_too_slow", text));
      return;
    }
    this.events.push(event);
    this.wake?.();
  }

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  /** What was pushed before is still delivered; then the iteration throws. */
  fail(error: unknown): void {
    if (this.ended) return;
    this.failure = error;
    this.end();
  }

  /** The consumer listens no more. */
  leave(): void {
    this.unheard = true;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      while (this.events.length > 0) yield this.events.shift() as T;
      if (this.ended) {
        if (this.failure !== undefined) throw this.failure;
        return;
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = undefined;
    }
  }
}
