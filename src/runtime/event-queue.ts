import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

/**
 * A queue from one producer to one consumer, which ends or fails once. A consumer that is more
 * than LIMITS.queue.unreadEvents events behind is cut off: its unread events are dropped and it
 * gets client_too_slow.
 */
export class EventQueue<T> implements AsyncIterable<T> {
  private readonly events: T[] = [];
  /** The consumer was cut off or has stopped; the producer may stop too. */
  abandoned = false;
  private wake: (() => void) | undefined;
  private ended = false;
  private failure: unknown;

  push(event: T): void {
    if (this.ended) return;
    const { unreadEvents: limit } = LIMITS.queue;
    if (this.events.length === limit) {
      this.abandoned = true;
      this.events.length = 0;
      const text = `${limit} events of the answer are unread; read the stream faster`;
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

  /** Delivers the events that are already in the queue, then makes the iteration throw. */
  fail(error: unknown): void {
    if (this.ended) return;
    this.failure = error;
    this.end();
  }

  /** The consumer stops reading. */
  close(): void {
    this.abandoned = true;
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
