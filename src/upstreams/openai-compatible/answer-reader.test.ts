import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VireoError } from "../../core/errors.ts";
import { AnswerReader } from "./answer-reader.ts";
import type { PartEvent } from "./usage-report.ts";

function readerOf(splitsThinking = true): AnswerReader {
  return new AnswerReader({ provider: "far", secrets: ["the-key"], splitsThinking });
}

/** Reads deltas, then a finish. */
function read(deltas: readonly object[], finish: object = { finish_reason: "stop" }) {
  const reader = readerOf();
  const events: PartEvent[] = deltas.flatMap((delta) => reader.push({ choices: [{ delta }] }));
  events.push(...reader.push({ choices: [{ delta: {}, ...finish }] }), ...reader.end());
  return { events, reader };
}

const joined = (events: readonly PartEvent[], type: "text" | "reasoning") =>
  events.map((event) => (event.type === type ? event.text : "")).join("");

describe("reasoning", () => {
  test.each([
    ["reasoning_content", { reasoning_content: "hm" }],
    ["reasoning", { reasoning: "hm" }],
    ["both", { reasoning: "hm", reasoning_content: "hm" }],
    ["details", { reasoning_details: [{ type: "reasoning.text", text: "hm" }] }],
    ["all three", { reasoning: "hm", reasoning_details: [{ text: "hm" }] }],
    ["a part", { content: [{ type: "thinking", thinking: [{ type: "text", text: "hm" }] }] }],
  ])("in %s", (_, delta) => {
    const { events } = read([delta, { content: "<think>" }, { content: "a" }]);
    expect(joined(events, "reasoning")).toBe("hm");
    expect(joined(events, "text")).toBe("<think>a");
  });

  test("in the text, wherever it is cut", () => {
    const whole = "\n<think>\nhm\n</think>\n\nthe <think>answer";
    for (let size = 1; size < whole.length; size++) {
      const pieces = whole.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
      const { events } = read(pieces.map((content) => ({ content })));
      expect(joined(events, "reasoning")).toBe("\nhm\n");
      expect(joined(events, "text")).toBe("the <think>answer");
    }
  });

  test("is not looked for in other texts", () => {
    for (const text of ["<thin", "a <think>b</think>", "  <", "<thinking>x", ""]) {
      expect(joined(read([...text].map((content) => ({ content }))).events, "text")).toBe(text);
    }
    const off = readerOf(false);
    expect(off.push({ choices: [{ delta: { content: "<think>a" } }] })).toMatchObject([
      { text: "<think>a" },
    ]);
  });
});

describe("tool calls", () => {
  const piece = (index: number, id: string | undefined, name: string, json: string) => {
    return { tool_calls: [{ index, id, function: { name, arguments: json } }] };
  };
  const callsOf = (deltas: readonly object[], finish?: object) =>
    read(deltas, finish).events.map((event) =>
      event.type === "tool_call" ? [event.index, event.name, event.arguments] : [],
    );

  test("in pieces, one after the other", () => {
    expect(
      callsOf([
        piece(0, "1", "f", ""),
        piece(0, undefined, "", '{"a"'),
        piece(0, "", "", ":1}"),
        piece(1, "2", "g", "{}"),
      ]),
    ).toEqual([
      [0, "f", '{"a":1}'],
      [1, "g", "{}"],
    ]);
  });
  test("with repeated ids or indexes", () => {
    const [first, second] = [[0, "f", "{}"] as const, [1, "g", "{}"] as const];
    expect(callsOf([piece(0, "x", "f", "{}"), piece(1, "x", "g", "{}")])).toEqual([first, second]);
    expect(callsOf([piece(0, "x", "f", "{}"), piece(0, "y", "g", "{}")])).toEqual([first, second]);
  });
  test("with arguments as an object, or none, and in the old form", () => {
    const asObject = { tool_calls: [{ function: { name: "f", arguments: { a: 1 } } }] };
    expect(callsOf([asObject])).toEqual([[0, "f", '{"a":1}']]);
    expect(callsOf([piece(0, "1", "f", "")])).toEqual([[0, "f", "{}"]]);
    expect(callsOf([{ function_call: { name: "f", arguments: "{}" } }])).toEqual([[0, "f", "{}"]]);
  });
  test("end the answer, whatever its reason says", () => {
    expect(read([piece(0, "1", "f", "{}")]).reader.finish?.reason).toBe("tool_calls");
    expect(read([{ content: "a" }], { finish_reason: "tool_calls" }).reader.finish).toEqual({
      reason: "stop",
      nativeReason: "eos",
    });
  });
  test("that the length cuts stay as they are", () => {
    const length = { finish_reason: "length" };
    expect(callsOf([piece(0, "1", "f", '{"a"')], length)).toEqual([[0, "f", '{"a"']]);
    expect(callsOf([piece(0, "1", "", "")], length)).toEqual([]);
  });
  test("without a name, and without end, are refused", () => {
    expect(() => callsOf([piece(0, "1", "", "{}")])).toThrow("without naming it");
    const many = Array.from({ length: 200 }, (_, index) => piece(index, String(index), "f", "{}"));
    expect(() => callsOf(many)).toThrow("more tools than");
  });
});

test.each([
  [{ finish_reason: "stop" }, "stop", "eos"],
  [{ finish_reason: "stop", stop_reason: "END" }, "stop", "stop_string"],
  [{ finish_reason: "stop", matched_stop: "END" }, "stop", "stop_string"],
  [{ finish_reason: "stop", native_finish_reason: "grammar_end" }, "stop", "grammar_end"],
  [{ finish_reason: "eos" }, "stop", "eos"],
  [{ finish_reason: "MAX_TOKENS" }, "length", "length"],
  [{ finish_reason: "length", native_finish_reason: "context" }, "length", "context"],
  [{ finish_reason: "content_filter" }, "content_filter", "content_filter"],
])("%j is a reason", (finish, reason, nativeReason) => {
  expect(read([{ content: "a" }], finish).reader.finish).toEqual({ reason, nativeReason });
});

test.each(["error", "abort", "cancelled", "constructor", "<b>"])("%s is none", (word) => {
  expect(() => read([{ content: "a" }], { finish_reason: word })).toThrow("ended its answer early");
});

test("an answer without a reason is cut", () => {
  expect(() => read([{ content: "a" }], {})).toThrow("without a reason");
});

test("tokens with their log probabilities, in both forms", () => {
  const entry = {
    token: "a",
    logprob: -1,
    bytes: [97],
    top_logprobs: [{ token: "b", logprob: -2 }],
  };
  const reader = readerOf();
  const token = { id: -1, text: "a", bytes: Uint8Array.of(97), logprob: -1 };
  const top = [{ id: -1, text: "b", bytes: Buffer.from("b"), logprob: -2 }];
  const chat = { choices: [{ delta: { content: "a" }, logprobs: { content: [entry, {}] } }] };
  expect(reader.push(chat)).toEqual([{ type: "text", text: "a", tokens: [{ ...token, top }] }]);
  const logprobs = { tokens: ["a"], token_logprobs: [-1], top_logprobs: [{ b: -2 }] };
  const [event] = reader.push({ choices: [{ text: "a", logprobs }] });
  expect(event).toMatchObject({ tokens: [{ text: "a", logprob: -1, top: [{ text: "b" }] }] });
});

test("counts of tokens, in every place", () => {
  const usage = {
    prompt_tokens: 10,
    completion_tokens: 5,
    prompt_tokens_details: { cached_tokens: 4, image_tokens: 3, video_tokens: 99 },
    completion_tokens_details: { reasoning_tokens: 2 },
  };
  const read = (value: object) => {
    const reader = readerOf();
    reader.push({ choices: [], usage: value });
    return reader.usage;
  };
  const counts = { promptTokens: 10, completionTokens: 5, imageTokens: 3, videoTokens: 10 };
  expect(read(usage)).toEqual({ ...counts, cachedTokens: 4, reasoningTokens: 2 });
  const old = { prompt_tokens: 10, completion_tokens: 5, prompt_cache_hit_tokens: 6 };
  expect(read(old)).toMatchObject({ cachedTokens: 6, reasoningTokens: 0 });
  for (const wrong of [{}, { prompt_tokens: 1 }, { prompt_tokens: -1, completion_tokens: 1.5 }]) {
    expect(read(wrong)).toBeUndefined();
  }
});

test("errors in an answer", () => {
  const thrown = (chunk: object): VireoError => {
    try {
      readerOf().push(chunk);
    } catch (error) {
      if (error instanceof VireoError) return error;
    }
    throw new Error("not refused");
  };
  const busy = thrown({ error: { message: "busy: the-key", code: 429 } });
  expect(busy).toMatchObject({ code: "rate_limited", attempt: { status: 429 } });
  expect(busy.message).toBe("far has reached a rate limit: busy: [key]");
  expect(thrown({ choices: [{ error: { code: 502, message: "x" } }] })).toMatchObject({
    code: "upstream_unavailable",
    attempt: { status: 502, callerFault: false },
  });
  expect(thrown({ error: { type: "invalid_request_error", message: "no" } })).toMatchObject({
    code: "upstream_rejected",
    attempt: { status: 400, callerFault: true },
  });
  expect(thrown({ error: "it broke" })).toMatchObject({ attempt: { status: 500 } });
});

test("nothing but a VireoError comes of any JSON", () => {
  fc.assert(
    fc.property(fc.array(chunkLike(), { maxLength: 6 }), (chunks) => {
      const reader = readerOf();
      try {
        for (const chunk of chunks) reader.push(chunk);
        reader.end();
      } catch (error) {
        expect(error).toBeInstanceOf(VireoError);
      }
    }),
    { seed: 3, numRuns: 2000 },
  );
});

/** Chunks whose fields have values of any type. */
function chunkLike(): fc.Arbitrary<unknown> {
  const anything = fc.jsonValue({ maxDepth: 2 });
  const call = fc.record(
    { index: anything, id: anything, function: anything },
    { requiredKeys: [] },
  );
  const delta = fc.record(
    {
      content: anything,
      reasoning: anything,
      reasoning_details: anything,
      tool_calls: fc.oneof(anything, fc.array(call)),
      function_call: anything,
    },
    { requiredKeys: [] },
  );
  const choice = fc.record(
    { index: fc.constantFrom(0, undefined), delta, finish_reason: anything, logprobs: anything },
    { requiredKeys: [] },
  );
  const chunk = fc.record(
    { choices: fc.oneof(anything, fc.array(choice)), usage: anything, error: anything },
    { requiredKeys: [] },
  );
  return fc.oneof(anything, chunk);
}
