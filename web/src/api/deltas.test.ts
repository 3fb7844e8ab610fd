import { describe, expect, test } from "vitest";
import { type Delta, readDeltas } from "./deltas.ts";
import { RequestError } from "./failure.ts";

const chunk = (choice: object, more: object = {}): string =>
  JSON.stringify({ choices: [choice], ...more });
const text = (content: string): string => chunk({ delta: { content } });
const END = chunk({ delta: {}, finish_reason: "stop" });

async function read(...events: readonly string[]): Promise<Delta[]> {
  const bytes = new TextEncoder().encode(events.map((event) => `data: ${event}\n\n`).join(""));
  const deltas: Delta[] = [];
  for await (const delta of readDeltas(new Response(bytes).body!)) deltas.push(delta);
  return deltas;
}

async function failureOf(...events: readonly string[]) {
  const thrown = await read(...events).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(RequestError);
  return (thrown as RequestError).failure;
}

describe("a streamed answer", () => {
  test("text, reasoning, an end and usage", async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2 };
    const reasoning = chunk({ delta: { reasoning: "hm", reasoning_content: "hm" } });
    const last = JSON.stringify({ choices: [], usage });
    expect(await read(reasoning, text("Hi"), END, last, "[DONE]")).toEqual([
      { type: "reasoning", text: "hm" },
      { type: "text", text: "Hi", tokens: [] },
      { type: "finish", reason: "stop" },
      { type: "usage", usage },
    ]);
  });

  test("calls of tools, in fragments", async () => {
    const first = { index: 0, id: "c1", type: "function", function: { name: "f", arguments: "" } };
    const later = { index: 0, function: { arguments: '{"a":1}' } };
    const done = chunk({ delta: {}, finish_reason: "tool_calls" });
    const calls = [first, later].map((call) => chunk({ delta: { tool_calls: [call] } }));
    expect(await read(...calls, done, "[DONE]")).toEqual([
      { type: "tool_call", index: 0, id: "c1", name: "f", arguments: "" },
      { type: "tool_call", index: 0, arguments: '{"a":1}' },
      { type: "finish", reason: "tool_calls" },
    ]);
  });

  test("a character of several tokens is shown at the last of them", async () => {
    const [a, b] = ["é"].flatMap((letter) => [...new TextEncoder().encode(letter)]);
    const content = [a, b].map((byte) => ({ token: "\ufffd", bytes: [byte], logprob: -1 }));
    const deltas = await read(
      chunk({ delta: { content: "é" }, logprobs: { content } }),
      END,
      "[DONE]",
    );
    expect(deltas[0]).toMatchObject({ tokens: [{ token: "" }, { token: "é" }] });
  });

  test.each<[string, string[]]>([
    ["no [DONE]", [text("Hi"), END]],
    ["no finish reason", [text("Hi"), "[DONE]"]],
    ["neither", [text("Hi")]],
    ["nothing at all", []],
    ["no JSON", ["<html>"]],
    ["JSON of another kind", ["[1]"]],
  ])("%s is broken", async (_, events) => {
    expect(["broken", "network"]).toContain((await failureOf(...events)).kind);
  });

  test("an error in the stream keeps the server's message", async () => {
    const error = { message: "the engine was closed", code: "engine_closed", request_id: "r1" };
    const last = chunk({ delta: {}, finish_reason: "error" }, { error });
    expect(await failureOf(text("Hi"), last)).toEqual({
      kind: "server",
      message: "the engine was closed",
      code: "engine_closed",
      requestId: "r1",
    });
  });
});
