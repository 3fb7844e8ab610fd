import { describe, expect, test } from "vitest";
import type { ChatRequest } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { parseChatRequest } from "../openai/chat.ts";
import { newCallId, toToolCallDeltas } from "./tools.ts";

const messages = [{ role: "user", content: "Hi" }];
const tool = (name: string, more: object = {}) => ({
  type: "function",
  function: { name, ...more },
});
const parse = (fields: object): ChatRequest =>
  parseChatRequest({ model: "m", messages, ...fields }).request;

function refusal(fields: object): VireoError {
  try {
    parse(fields);
  } catch (error) {
    if (error instanceof VireoError) return error;
    throw error;
  }
  throw new Error("not refused");
}

describe("tools are converted", () => {
  const parameters = { type: "object", properties: { b: {}, a: {} } };

  test("with their descriptions, in order", () => {
    const more = { description: "d", parameters, strict: true };
    const { tools, toolChoice, parallelToolCalls } = parse({
      tools: [tool("f", more), tool("g", { strict: false, parameters: null })],
    });
    expect(tools).toEqual([{ name: "f", ...more }, { name: "g" }]);
    expect(Object.keys(tools?.[0]?.parameters?.properties ?? {})).toEqual(["b", "a"]);
    expect([toolChoice, parallelToolCalls]).toEqual(["auto", undefined]);
  });

  test.each([
    [{ tool_choice: "required" }, "required"],
    [{ tool_choice: "none" }, "none"],
    [{ tool_choice: null }, "auto"],
    [{ tool_choice: tool("g") }, { name: "g" }],
  ])("%j", (fields, choice) => {
    expect(parse({ tools: [tool("f"), tool("g")], ...fields }).toolChoice).toEqual(choice);
  });

  test("allowed_tools omits the others", () => {
    const allowed_tools = { mode: "required", tools: [tool("g")] };
    const { tools, toolChoice } = parse({
      tools: [tool("f"), tool("g")],
      tool_choice: { type: "allowed_tools", allowed_tools },
      parallel_tool_calls: false,
    });
    expect([tools, toolChoice]).toEqual([[{ name: "g" }], "required"]);
  });

  test("functions are deprecated tools, one call at a time", () => {
    const { tools, toolChoice, parallelToolCalls } = parse({
      functions: [{ name: "f", parameters }],
      function_call: { name: "f" },
    });
    expect([tools, toolChoice, parallelToolCalls]).toEqual([
      [{ name: "f", parameters }],
      { name: "f" },
      false,
    ]);
  });

  test("an empty list means no tools", () => {
    expect(parse({ tools: [], tool_choice: "auto", parallel_tool_calls: true })).toEqual(parse({}));
  });
});

describe("a conversation with calls", () => {
  test("in the forms that clients send", () => {
    const call = { id: "call_1", type: "function", function: { name: "f", arguments: '{"a":1}' } };
    const history = [
      ...messages,
      { role: "assistant", content: null, tool_calls: [call, { function: { name: "g" } }] },
      { role: "tool", tool_call_id: "call_1", content: [{ type: "text", text: "1" }] },
      { role: "tool", tool_call_id: "call_2", content: null },
      { role: "assistant", function_call: { name: "h", arguments: { deep: [1] } } },
      { role: "function", name: "h", content: "done" },
    ];
    expect(parse({ messages: history }).messages.slice(1)).toEqual([
      {
        role: "assistant",
        content: "",
        toolCalls: [
          { name: "f", arguments: '{"a":1}' },
          { name: "g", arguments: "{}" },
        ],
      },
      { role: "tool", content: [{ type: "text", text: "1" }] },
      { role: "tool", content: "" },
      { role: "assistant", content: "", toolCalls: [{ name: "h", arguments: '{"deep":[1]}' }] },
      { role: "tool", content: "done" },
    ]);
  });

  test.each([
    { reasoning_content: "hm" },
    { reasoning: "hm" },
    {
      reasoning_details: [
        { type: "reasoning.text", text: "h" },
        { type: "reasoning.text", text: "m", format: "unknown", index: 0 },
        { type: "reasoning.encrypted", data: "x" },
      ],
    },
  ])("reasoning of earlier answers is dropped, or kept if asked: %j", (spelling) => {
    const history = [...messages, { role: "assistant", content: "So.", ...spelling }];
    const [, dropped] = parse({ messages: history }).messages;
    expect(dropped).toEqual({ role: "assistant", content: "So." });
    const [, kept] = parse({ messages: history, keep_reasoning: true }).messages;
    expect(kept).toEqual({ role: "assistant", content: "So.", reasoning: "hm" });
  });
});

describe("refused", () => {
  const deep = (depth: number): object => (depth === 0 ? {} : { a: deep(depth - 1) });
  test.each<[object, string, string]>([
    [{ tools: [tool("f"), tool("f")] }, "out_of_range", "tools[1].function.name"],
    [{ tools: [tool("bad name")] }, "out_of_range", "tools[0].function.name"],
    [{ tools: [tool("x".repeat(65))] }, "out_of_range", "tools[0].function.name"],
    [{ tools: [tool("<image>")] }, "out_of_range", "tools[0].function.name"],
    [{ tools: [{ type: "custom", custom: { name: "a b" } }] }, "out_of_range", "tools[0].custom"],
    [{ tools: [{ type: "function" }] }, "missing_required", "tools[0].function"],
    [
      { tools: [{ type: "web_search" }], tool_choice: { type: "web_search" } },
      "out_of_range",
      "tool_choice",
    ],
    [{ tools: [{ type: "web_search" }], tool_choice: "required" }, "out_of_range", "tool_choice"],
    [{ tools: [tool("f", { parameters: [] })] }, "out_of_range", "tools[0].function.parameters"],
    [
      { tools: [tool("f", { parameters: deep(500) })] },
      "invalid_schema",
      "tools[0].function.parameters",
    ],
    [{ tools: Array.from({ length: 129 }, (_, i) => tool(`f${i}`)) }, "out_of_range", "tools"],
    [{ tool_choice: "required" }, "out_of_range", "tool_choice"],
    [{ tools: [], tool_choice: "required" }, "out_of_range", "tool_choice"],
    [{ tool_choice: tool("f") }, "out_of_range", "tool_choice"],
    [{ tools: [tool("f")], tool_choice: tool("g") }, "out_of_range", "tool_choice"],
    [{ tools: [tool("f")], tool_choice: "any" }, "out_of_range", "tool_choice"],
    [{ tools: [tool("f")], functions: [{ name: "g" }] }, "out_of_range", "functions"],
    [
      { tools: [tool("f")], tool_choice: "auto", function_call: "auto" },
      "out_of_range",
      "function_call",
    ],
  ])("%j", (fields, code, param) => {
    const error = refusal(fields);
    expect(error.param?.startsWith(param), `${error.param}: ${error.message}`).toBe(true);
    expect([code, "invalid_type"]).toContain(error.code);
  });
});

describe("calls on the wire", () => {
  test("ids", () => {
    const ids = Array.from({ length: 100 }, newCallId);
    expect(ids.every((id) => /^call_[0-9A-Za-z]{24}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(100);
  });

  test("a call as deltas: name first, then its arguments in pieces", () => {
    const given = JSON.stringify({ text: "🙂".repeat(3000) });
    const [first, ...rest] = toToolCallDeltas({ name: "f", arguments: given }, 2);
    expect(first).toMatchObject({
      index: 2,
      type: "function",
      function: { name: "f", arguments: "" },
    });
    expect(rest.length).toBeGreaterThan(3);
    for (const delta of rest) expect(Object.keys(delta)).toEqual(["index", "function"]);
    const pieces = rest.map((delta) => delta.function?.arguments ?? "");
    expect(pieces.join("")).toBe(given);
    expect(pieces.filter((piece) => !piece.isWellFormed())).toEqual([]);
  });
});
