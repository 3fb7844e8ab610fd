import { describe, expect, test } from "vitest";
import type { ChatEvent, ChosenToken } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { toVireoError } from "../../core/system-errors.ts";
import { ERROR_STATUS, errorHeaders, toErrorBody } from "../shared/errors.ts";
import { type AnswerHead, newAnswerId, toChunks, toCompletion, toErrorChunk } from "./stream.ts";

const head: AnswerHead = {
  id: "gen-1",
  createdUnix: 5,
  answerer: { provider: "local", model: "m" },
  fingerprint: "fp_1",
  includeUsage: true,
  reasoningFormat: "all",
  logprobs: false,
};
const token: ChosenToken = {
  id: 1,
  text: "a",
  bytes: Uint8Array.of(97),
  logprob: -0.5,
  top: [{ id: 2, text: "b", bytes: Uint8Array.of(98), logprob: Number.NEGATIVE_INFINITY }],
};
const timings = { queueMs: 0, mediaMs: 0, prefillMs: 0, decodeMs: 0 };
const usage = {
  promptTokens: 14,
  imageTokens: 4,
  videoTokens: 2,
  cachedTokens: 1,
  completionTokens: 9,
  reasoningTokens: 3,
};

async function* answer(): AsyncGenerator<ChatEvent> {
  yield { type: "start", promptTokens: 14, imageTokens: 4, videoTokens: 2 };
  yield { type: "reasoning", text: "hm" };
  yield { type: "text", text: "a", tokens: [token] };
  yield { type: "text", text: "b" };
  yield { type: "end", reason: "stop", nativeReason: "eos", usage, timings };
}

async function chunks(options: Partial<AnswerHead> = {}) {
  const all = [];
  for await (const chunk of toChunks(answer(), { ...head, ...options })) all.push(chunk);
  return all;
}

test("streams chunks", async () => {
  const all = await chunks();
  const reasoning = {
    reasoning_content: "hm",
    reasoning: "hm",
    reasoning_details: [{ type: "reasoning.text", text: "hm", format: "unknown", index: 0 }],
  };
  expect(all.map((chunk) => chunk.choices[0]?.delta)).toEqual([
    { role: "assistant", content: "" },
    reasoning,
    { content: "a" },
    { content: "b" },
    {},
    undefined,
  ]);
  expect(all[4]?.choices[0]).toMatchObject({ finish_reason: "stop", native_finish_reason: "stop" });
  expect(all.slice(0, 5).every((chunk) => chunk.usage === null)).toBe(true);
  expect(all[5]).toMatchObject({ choices: [], usage: { total_tokens: 23 } });
  expect(new Set(all.map(({ id, created, model }) => `${id} ${created} ${model}`)).size).toBe(1);
});

test("streams without usage and reasoning, with logprobs", async () => {
  const all = await chunks({ includeUsage: false, reasoningFormat: "none", logprobs: true });
  expect(all).toHaveLength(4);
  expect(all.every((chunk) => !("usage" in chunk))).toBe(true);
  expect(all[1]?.choices[0]?.logprobs?.content).toEqual([
    {
      token: "a",
      logprob: -0.5,
      bytes: [97],
      top_logprobs: [{ token: "b", logprob: -9999, bytes: [98] }],
    },
  ]);
});

test("collects a complete answer", async () => {
  const completion = await toCompletion(answer(), { ...head, logprobs: true });
  expect(completion).toMatchObject({
    object: "chat.completion",
    choices: [
      {
        message: { role: "assistant", content: "ab", refusal: null, reasoning: "hm" },
        logprobs: { content: [{ token: "a" }], refusal: null },
        finish_reason: "stop",
        native_finish_reason: "stop",
      },
    ],
    usage: {
      prompt_tokens: 14,
      completion_tokens: 9,
      prompt_tokens_details: { cached_tokens: 1, image_tokens: 4, video_tokens: 2, text_tokens: 8 },
      completion_tokens_details: { reasoning_tokens: 3 },
    },
  });
  const plain = await toCompletion(answer(), { ...head, reasoningFormat: "none" });
  expect(plain.choices[0]?.message).toEqual({ role: "assistant", content: "ab", refusal: null });
  expect(plain.choices[0]?.logprobs).toBeNull();
});

describe("tool calls", () => {
  async function* calling(text = ""): AsyncGenerator<ChatEvent> {
    yield { type: "start", promptTokens: 14, imageTokens: 4, videoTokens: 2 };
    if (text !== "") yield { type: "text", text };
    yield { type: "tool_call", index: 0, name: "f", arguments: '{"a":1}' };
    yield { type: "tool_call", index: 1, name: "g", arguments: "" };
    yield { type: "end", reason: "tool_calls", nativeReason: "tool_call", usage, timings };
  }

  test("in a complete answer", async () => {
    const { choices } = await toCompletion(calling(), head);
    const [choice] = choices;
    expect(choice?.finish_reason).toBe("tool_calls");
    expect(choice?.message).toMatchObject({ role: "assistant", content: null, refusal: null });
    expect(choice?.message.tool_calls).toEqual([
      { id: expect.any(String), type: "function", function: { name: "f", arguments: '{"a":1}' } },
      { id: expect.any(String), type: "function", function: { name: "g", arguments: "" } },
    ]);
    const spoken = await toCompletion(calling("Wait."), head);
    expect(spoken.choices[0]?.message.content).toBe("Wait.");
    const plain = await toCompletion(answer(), head);
    expect(plain.choices[0]?.message).not.toHaveProperty("tool_calls");
  });

  test("in a stream", async () => {
    const deltas = [];
    for await (const chunk of toChunks(calling(), head)) {
      deltas.push(...(chunk.choices[0]?.delta.tool_calls ?? []));
    }
    const id = expect.stringMatching(/^call_\w{24}$/);
    expect(deltas).toEqual([
      { index: 0, id, type: "function", function: { name: "f", arguments: "" } },
      { index: 0, function: { arguments: '{"a":1}' } },
      { index: 1, id, type: "function", function: { name: "g", arguments: "" } },
    ]);
  });
});

describe("reasoning", () => {
  const details = [{ type: "reasoning.text", text: "hm", format: "unknown", index: 0 }];
  test.each([
    ["all", { reasoning_content: "hm", reasoning: "hm", reasoning_details: details }],
    ["deepseek", { reasoning_content: "hm" }],
    ["openrouter", { reasoning: "hm", reasoning_details: details }],
    ["vllm", { reasoning: "hm" }],
    ["none", undefined],
  ] as const)("as %s has it", async (reasoningFormat, fields) => {
    const all = await chunks({ reasoningFormat });
    const spoken = all
      .map((chunk) => chunk.choices[0]?.delta ?? {})
      .filter((delta) => {
        return "reasoning" in delta || "reasoning_content" in delta;
      });
    expect(spoken).toEqual(fields === undefined ? [] : [fields]);
    const { message } = (await toCompletion(answer(), { ...head, reasoningFormat })).choices[0]!;
    expect(message).toEqual({ role: "assistant", content: "ab", refusal: null, ...fields });
  });

  test("inline", async () => {
    const inline = { ...head, reasoningFormat: "inline" } as const;
    const whole = "<think>\nhm\n</think>\n\nab";
    const all = await chunks({ reasoningFormat: "inline" });
    const said = all.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    expect(said).toBe(whole);
    expect((await toCompletion(answer(), inline)).choices[0]?.message.content).toBe(whole);
    async function* cutOff(): AsyncGenerator<ChatEvent> {
      yield { type: "reasoning", text: "hm" };
      yield { type: "end", reason: "length", nativeReason: "length", usage, timings };
    }
    let cut = "";
    for await (const chunk of toChunks(cutOff(), inline)) {
      cut += chunk.choices[0]?.delta.content ?? "";
    }
    expect(cut).toBe("<think>\nhm\n</think>\n\n");
  });
});

test("ids", () => {
  expect(newAnswerId(12)).toMatch(/^gen-12-[0-9A-Za-z]{20}$/);
});

describe("errors", () => {
  test("of the client are shown", () => {
    const error = new VireoError("out_of_range", "n is 9", { param: "n", metadata: { limit: 8 } });
    expect(toErrorBody(error, "req_1")).toEqual({
      error: {
        message: "n is 9",
        type: "invalid_request_error",
        param: "n",
        code: "out_of_range",
        request_id: "req_1",
        metadata: { limit: 8 },
      },
    });
    expect(errorHeaders(error)).toEqual({ "x-should-retry": "false" });
  });
  test("of the server are hidden", () => {
    for (const error of [
      toVireoError(new Error("secret /etc/x")),
      new VireoError("invalid_checkpoint", "secret /etc/x"),
    ]) {
      const body = JSON.stringify(toErrorBody(error, "req_1"));
      expect(body).not.toContain("secret");
      expect(body).toContain("internal_error");
      expect(ERROR_STATUS[error.code].status).toBe(500);
    }
  });
  test("that are temporary have a retry-after of at most a minute", () => {
    const error = new VireoError("queue_full", "full", { retryAfterMs: 3_600_000 });
    expect(errorHeaders(error)).toEqual({ "retry-after": "60", "retry-after-ms": "60000" });
  });
  test("in a stream", () => {
    const chunk = toErrorChunk(head, toVireoError(new Error("x")), "req_1");
    expect(chunk.choices).toEqual([{ index: 0, delta: {}, finish_reason: "error" }]);
    expect(chunk.error?.code).toBe("internal_error");
  });
});
