import { afterEach, beforeEach, expect, test } from "vitest";
import { linkAbort } from "../../core/abort.ts";
import type { ChatEvent, ChatRequest } from "../../core/chat.ts";
import { runConcurrently } from "./choices.ts";

const warnings: string[] = [];
const onWarning = ({ name }: Error): void => void warnings.push(name);
beforeEach(() => void process.on("warning", onWarning));
afterEach(() => void process.off("warning", onWarning));

/** Follows the signal, as the deadline of each answer does. */
async function* linking(_: ChatRequest, signal?: AbortSignal): AsyncGenerator<ChatEvent> {
  const { release } = linkAbort(signal);
  await new Promise((resolve) => setTimeout(resolve, 5));
  yield { type: "text", text: "a" };
  release();
}

test("128 answers that share a signal are no leak in the eyes of Node.js", async () => {
  const requests = Array.from({ length: 128 }, () => ({ messages: [] }));
  const upstream = { models: [], ready: true, chat: linking };
  let count = 0;
  const { signal } = new AbortController();
  for await (const event of runConcurrently(upstream, requests, signal)) {
    count += Number(event.type === "text");
  }
  await new Promise(setImmediate); // warnings are emitted later
  expect(count).toBe(128);
  expect(warnings).toEqual([]);
});
