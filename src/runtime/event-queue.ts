import type { Booking } from "../core/byte-budget.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

/** How the memory of unread events is bounded. */
export interface EventMemory<T> {
  /** Estimated bytes of an event in memory. */
  readonly sizeOf: (event: T) => number;
  /** Bytes of this queue among those of all queues. */
  readonly booking: Booking;
}

/**
 * A queue from one producer to one consumer, which ends or fails once. A consumer that is too many
 * events or bytes behind is cut off: its unread events are dropped and it gets client_too_slow.
 */
export class EventQueue<T> implements AsyncIterable<T> {
  private readonly events: T[] = [];
  private readonly memory: EventMemory<T> | undefined;
  /** The consumer was cut off or has stopped; the producer may stop too. */
  abandoned = false;
  private wake: (() => void) | undefined;
  private ended = false;
  private failure: unknown;

  /** memory: undefined bounds the number of events only. */
  constructor(memory?: EventMemory<T>) {
    this.memory = memory;
  }

  push(event: T): void {
    if (this.ended) return;
    const unread = this.excess(event);
    if (unread !== undefined) {
      this.abandoned = true;
      this.clear();
      const text = `${unread} of the answer are unread; read the stream faster`;
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
    this.clear();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      while (this.events.length > 0) {
        const event = this.events.shift() as T;
        this.memory?.booking.shrink(this.memory.sizeOf(event));
        yield event;
      }
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

  /** Books the event. Returns the amount that is unread if the event is too many. */
  private excess(event: T): string | undefined {
    const { unreadEvents, unreadEventBytes } = LIMITS.queue;
    if (this.events.length >= unreadEvents) return `${unreadEvents} events`;
    if (this.memory === undefined) return undefined;
    const { sizeOf, booking } = this.memory;
    const bytes = sizeOf(event);
    const isFirst = this.events.length === 0; // one event alone always fits
    if (!isFirst && booking.bytes + bytes > unreadEventBytes) return `${booking.bytes} bytes`;
    try {
      booking.grow(bytes);
    } catch {
      return `${booking.bytes} bytes, with those of other answers too many,`;
    }
    return undefined;
  }

  private clear(): void {
    this.events.length = 0;
    this.memory?.booking.release();
  }
}
