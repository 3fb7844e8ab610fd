import fc from "fast-check";
import { expect, test } from "vitest";
import { EventReader, type ServerEvent } from "./event-reader.ts";

const LIMIT = 1000;
const bytes = (text: string): Buffer => Buffer.from(text);

/** Reads a stream that arrives in pieces of these sizes; the last size repeats. */
function read(stream: Uint8Array, sizes: readonly number[] = [stream.length]): ServerEvent[] {
  const reader = new EventReader(LIMIT);
  const events: ServerEvent[] = [];
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const size = Math.max(1, sizes[Math.min(turn, sizes.length - 1)] ?? 1);
    events.push(...reader.push(stream.subarray(at, at + size)));
    at += size;
  }
  return events;
}

const message = (data: string): ServerEvent => ({ event: "", data });

test("reads lines that end with LF, CR or CRLF", () => {
  for (const end of ["\n", "\r", "\r\n"]) {
    expect(read(bytes(`data: a${end}data:b${end}${end}data:  c${end}${end}`))).toEqual([
      message("a\nb"),
      message(" c"),
    ]);
  }
});

test("reads names, and skips comments, unknown fields and a byte order mark", () => {
  const stream = "\ufeffevent: error\n: a comment\nid: 1\nretry: 5\nnonsense\ndata: {}\n\ndata\n\n";
  expect(read(bytes(stream))).toEqual([{ event: "error", data: "{}" }, message("")]);
});

test("leaves out an event that is not closed", () => {
  expect(read(bytes("data: a\n\ndata: b\n"))).toEqual([message("a")]);
});

test("does not depend on where the pieces end", () => {
  const part = fc.oneof(
    fc.constantFrom("data: ", "event: x", ": ", "\r", "\n", "\r\n", "\n\n", "\r\n\r\n", "Grüße 🎉"),
    fc.string({ maxLength: 8 }),
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), sizes, (parts, cuts) => {
      const stream = bytes(parts.join(""));
      expect(read(stream, cuts)).toEqual(read(stream));
    }),
    { seed: 7, numRuns: 500 },
  );
});

test("refuses an event that is too long, in one line, in many, or unfinished", () => {
  const line = `data: ${"x".repeat(99)}\n`;
  expect(read(bytes(`${line.repeat(9)}\n${line.repeat(9)}\n`))).toHaveLength(2);
  for (const stream of [
    line.repeat(11),
    `data: ${"x".repeat(LIMIT)}`,
    `event: ${line.repeat(11)}`,
  ]) {
    expect(() => read(bytes(stream), [7])).toThrow("an event has more than 1000 bytes");
  }
});

test("keeps nothing of comments, however many there are", () => {
  expect(read(bytes(`${": ping\n\n".repeat(1000)}${": ping\n".repeat(1000)}data: a\n\n`))).toEqual([
    message("a"),
  ]);
});

test("refuses bytes that are not UTF-8", () => {
  const stream = Buffer.concat([bytes("data: a"), Buffer.of(0xc3), bytes("\n\n")]);
  expect(() => read(stream)).toThrow("not UTF-8");
});
