import type { ChatChunk } from "../openai/stream.ts";

const HEADERS_AFTER_MS = 2000;
const PING_EVERY_MS = 10_000;
const ENCODER = new TextEncoder();

export const SSE_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

export interface SseOptions {
  /** The chunk that tells of an error after headers were sent. The error is logged there too. */
  readonly toErrorChunk: (error: unknown) => ChatChunk;
  /** Called when the client is gone. */
  readonly abort: () => void;
}

/**
 * Turns chunks into server-sent events.
 *
 * Headers wait for the first chunk, so that a refusal keeps its HTTP status, but for two seconds at
 * most; after that a comment is sent every ten seconds without a chunk. The client's reading sets
 * the pace: the next chunk is asked for when there is room. A stream that breaks ends with an error
 * chunk and without [DONE].
 *
 * Throws what the first chunk throws, if that comes within two seconds.
 */
export async function sse(
  chunks: AsyncIterable<ChatChunk>,
  options: SseOptions,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const iterator = chunks[Symbol.asyncIterator]();
  let pending = nextOf(iterator);
  const first = await within(pending, HEADERS_AFTER_MS);
  if (first !== undefined && "error" in first) throw first.error;

  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const send = (text: string): void => controller.enqueue(ENCODER.encode(text));
        const result = await within(pending, PING_EVERY_MS);
        if (result === undefined) {
          send(": ping\n\n");
        } else if ("error" in result) {
          send(toEvent(options.toErrorChunk(result.error)));
          controller.close();
        } else if (result.next.done === true) {
          send("data: [DONE]\n\n");
          controller.close();
        } else {
          send(toEvent(result.next.value));
          pending = nextOf(iterator);
        }
      },
      async cancel() {
        options.abort();
        await iterator.return?.();
      },
    },
    { highWaterMark: 1 },
  );
  return body;
}

type Result = { readonly next: IteratorResult<ChatChunk> } | { readonly error: unknown };

/** Never rejects, so it may be waited for twice or not at all. */
async function nextOf(iterator: AsyncIterator<ChatChunk>): Promise<Result> {
  try {
    return { next: await iterator.next() };
  } catch (error) {
    return { error };
  }
}

/** Undefined if it takes longer. */
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

function toEvent(chunk: ChatChunk): string {
  return `data: ${JSON.stringify(chunk)}\n\n`;
}
