import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readEvents } from "./sse.ts";

function bodyOf(pieces: readonly (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const bytes = pieces.map((piece) =>
    typeof piece === "string" ? new TextEncoder().encode(piece) : piece,
  );
  return new ReadableStream({
    start(controller) {
      for (const piece of bytes) controller.enqueue(piece);
      controller.close();
    },
  });
}

async function all(pieces: readonly (string | Uint8Array)[]): Promise<string[]> {
  const events: string[] = [];
  for await (const event of readEvents(bodyOf(pieces))) events.push(event);
  return events;
}

describe("the reader of server-sent events", () => {
  test.each<[string, string, string[]]>([
    ["two events", "data: a\n\ndata: b\n\n", ["a", "b"]],
    ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]],
    ["CR", "data: a\r\rdata: b\r\r ", ["a", "b"]],
    ["several lines in one event", "data: a\ndata: b\n\n", ["a\nb"]],
    ["comments and other fields", ": ping\n\nevent: x\nid: 1\ndata:a\n\n", ["a"]],
    ["only the first space is taken off", "data:  a\n\n", [" a"]],
    ["an empty line of data", "data\n\n", [""]],
    ["an event that is cut off", "data: a\n\ndata: b", ["a"]],
    ["nothing", "", []],
  ])("%s", async (_, text, events) => {
    expect(await all([text])).toEqual(events);
  });

  test("events do not depend on where the bytes are split", async () => {
    const text =
      ': ping\r\n\r\ndata: {"text":"grün 🐦"}\n\ndata: a\r\ndata: b\r\n\r\ndata: [DONE]\n\n';
    const bytes = new TextEncoder().encode(text);
    const whole = await all([text]);
    const cuts = fc.array(fc.nat(bytes.length), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const sorted = [0, ...places.sort((a, b) => a - b), bytes.length];
        const pieces = sorted.slice(1).map((end, at) => bytes.slice(sorted[at], end));
        expect(await all(pieces)).toEqual(whole);
      }),
      { seed: 7, numRuns: 100 },
    );
  });

  test("stopping early aborts the request", async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new TextEncoder().encode("data: a\n\n")),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const event of readEvents(body)) if (event === "a") break;
    expect(cancelled).toBe(true);
  });

  test("an event that never ends is rejected", async () => {
    const piece = new TextEncoder().encode("x".repeat(1024 * 1024));
    const body = new ReadableStream<Uint8Array>({ pull: (c) => c.enqueue(piece) });
    await expect(readEvents(body).next()).rejects.toThrow(RangeError);
  });
});
