const HEADERS_AFTER_MS = 2000;
const PING_EVERY_MS = 10_000;
/** Characters of events after which a chunk is sent even if further events are there. */
const MAX_CHUNK_CHARACTERS = 65_536;
const ENCODER = new TextEncoder();

export const SSE_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/** One event of a stream. Without a name clients call it a message. */
export interface SseEvent {
  readonly event?: string;
  /** Sent as JSON. */
  readonly data: unknown;
}

export interface SseOptions {
  /** Returns the events that report an error after the headers were sent, and logs the error. */
  readonly toErrorEvents: (error: unknown) => readonly SseEvent[];
  /** Called when the client has disconnected. */
  readonly abort: () => void;
  /** Sent unchanged at the end of a successful stream. */
  readonly last?: string;
  /** Sent when no event was sent for a while. Default: a comment. */
  readonly ping?: string;
  /** Called once when the stream ends, successfully or not. */
  readonly onEnd?: () => void;
}

/** The last data of the streams of OpenAI's older routes. */
export const DONE = "data: [DONE]\n\n";

/**
 * Sends events as they arrive. Events that arrive in one turn of the event loop, such as those of
 * one packet of a provider, share a chunk, because a write costs much more than an event.
 *
 * The headers wait for the first event, but at most two seconds, so that a refusal keeps its HTTP
 * status. After that, a ping is sent after every ten seconds without an event. The next event is
 * requested only when the client has room for it. A stream that fails ends with the events of an
 * error and without the usual last data.
 *
 * Throws the error of the first event if it occurs within two seconds.
 */
export async function sse(
  events: AsyncIterable<SseEvent>,
  options: SseOptions,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const { onEnd = () => {}, ping = ": ping\n\n", last = "" } = options;
  const iterator = events[Symbol.asyncIterator]();
  let pending = nextOf(iterator);
  const first = await within(pending, HEADERS_AFTER_MS);
  if (first !== undefined && "error" in first) throw first.error;

  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const send = (text: string): void => {
          if (text !== "") controller.enqueue(ENCODER.encode(text));
        };
        const end = (text: string): void => {
          send(text);
          controller.close();
          onEnd();
        };
        let result = await within(pending, PING_EVERY_MS);
        if (result === undefined) return send(ping);
        const turn = endOfTurn();
        let text = "";
        while (result !== undefined) {
          if ("error" in result) return end(text + errorText(options, result.error));
          if (result.next.done === true) return end(text + last);
          text += toText(result.next.value);
          pending = nextOf(iterator);
          if (text.length >= MAX_CHUNK_CHARACTERS) break;
          result = await Promise.race([pending, turn]);
        }
        send(text);
      },
      async cancel() {
        options.abort();
        onEnd();
        await iterator.return?.();
      },
    },
    { highWaterMark: 1 },
  );
}

type Result = { readonly next: IteratorResult<SseEvent> } | { readonly error: unknown };

/** Never rejects, so callers may await it twice or not await it. */
async function nextOf(iterator: AsyncIterator<SseEvent>): Promise<Result> {
  try {
    return { next: await iterator.next() };
  } catch (error) {
    return { error };
  }
}

/** Resolves to undefined if the promise takes longer. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when everything has run that needs no further input. */
function endOfTurn(): Promise<undefined> {
  return new Promise((resolve) => {
    setImmediate(resolve, undefined);
  });
}

function errorText({ toErrorEvents }: SseOptions, error: unknown): string {
  return toErrorEvents(error).map(toText).join("");
}

function toText({ event, data }: SseEvent): string {
  const name = event === undefined ? "" : `event: ${event}\n`;
  return `${name}data: ${JSON.stringify(data)}\n\n`;
}
