import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DONE, type SseEvent, sse } from "./sse.ts";

const chunk = (id: string): SseEvent => ({ data: { id } });
const options = { last: DONE, toErrorEvents: () => [chunk("error")], abort: () => {} };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Yields a chunk per number after that many milliseconds; throws at a negative one. */
async function* later(waitsMs: readonly number[], seen: string[] = []): AsyncGenerator<SseEvent> {
  try {
    for (const [index, waitMs] of waitsMs.entries()) {
      await new Promise((resolve) => setTimeout(resolve, Math.abs(waitMs)));
      if (waitMs < 0) throw new Error("broken");
      seen.push(`made ${index}`);
      yield chunk(String(index));
    }
  } finally {
    seen.push("returned");
  }
}

async function read(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const bytes of stream) text += new TextDecoder().decode(bytes);
  return text;
}

describe("server-sent events", () => {
  test("chunks, then [DONE]", async () => {
    const stream = sse(later([10, 10]), options);
    await vi.advanceTimersByTimeAsync(10);
    const text = read(await stream);
    await vi.advanceTimersByTimeAsync(10);
    expect(await text).toBe('data: {"id":"0"}\n\ndata: {"id":"1"}\n\ndata: [DONE]\n\n');
  });

  test("events that are there together share a chunk", async () => {
    vi.useRealTimers();
    const together = async function* (): AsyncGenerator<SseEvent> {
      yield chunk("0");
      yield chunk("1");
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield chunk("2");
    };
    const sizes: number[] = [];
    for await (const bytes of await sse(together(), options)) {
      sizes.push(new TextDecoder().decode(bytes).match(/data: /g)?.length ?? 0);
    }
    expect(sizes).toEqual([2, 2]);
  });

  test("events without end are sent in chunks of bounded size", async () => {
    vi.useRealTimers();
    const abort = vi.fn();
    const endless = async function* (): AsyncGenerator<SseEvent> {
      for (;;) yield chunk("x".repeat(1000));
    };
    const reader = (await sse(endless(), { ...options, abort })).getReader();
    expect((await reader.read()).value?.length).toBeLessThan(70_000);
    await reader.cancel();
    expect(abort).toHaveBeenCalledOnce();
  });

  test("an early error is thrown, so that it keeps its status", async () => {
    const stream = expect(sse(later([-1999]), options)).rejects.toThrow("broken");
    await vi.advanceTimersByTimeAsync(1999);
    await stream;
  });

  test("a late error is an event, without [DONE]", async () => {
    const stream = sse(later([-2001]), options);
    await vi.advanceTimersByTimeAsync(2000);
    const text = read(await stream);
    await vi.advanceTimersByTimeAsync(10);
    expect(await text).toBe('data: {"id":"error"}\n\n');
  });

  test("silence is filled with comments", async () => {
    const stream = sse(later([33_000]), options);
    await vi.advanceTimersByTimeAsync(2000);
    const text = read(await stream);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(await text).toBe(': ping\n\n: ping\n\n: ping\n\ndata: {"id":"0"}\n\ndata: [DONE]\n\n');
  });

  test("no more is made than is read, and leaving ends it", async () => {
    const seen: string[] = [];
    const abort = vi.fn();
    const opening = sse(later(Array(100).fill(1), seen), { ...options, abort });
    await vi.advanceTimersByTimeAsync(500);
    const reader = (await opening).getReader();
    await reader.read();
    await vi.advanceTimersByTimeAsync(500);
    expect(seen.length).toBeLessThanOrEqual(4);
    await reader.cancel();
    expect(abort).toHaveBeenCalledOnce();
    expect(seen.at(-1)).toBe("returned");
  });
});
