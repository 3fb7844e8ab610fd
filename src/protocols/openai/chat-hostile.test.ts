import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VireoError } from "../../core/errors.ts";
import { parseJson } from "../shared/json.ts";
import { parseChatRequest } from "./chat.ts";

const PNG = `data:image/png;base64,${Buffer.from("\x89PNG").toString("base64")}`;
const user = (content: unknown) => ({ role: "user", content });
const base = { model: "m", messages: [user("Hi")] };

describe("hostile JSON", () => {
  const parse = (text: string | Uint8Array) =>
    parseChatRequest(parseJson(typeof text === "string" ? Buffer.from(text) : text));
  const messages = '"model":"m","messages":[{"role":"user","content":"a"}]';
  test.each([
    ["", "invalid_json"],
    ["   ", "invalid_json"],
    ["{", "invalid_json"],
    [`{${messages}} trailing`, "invalid_json"],
    [`\ufeff{${messages}}`, "invalid_json"],
    [Buffer.from(`{${messages}}`, "utf16le"), "invalid_json"],
    [Uint8Array.of(0x22, 0xff, 0x22), "invalid_json"],
    ["\0", "invalid_json"],
    ["[".repeat(100_000), "invalid_json"],
    [`{${messages},"temperature":1e999}`, "out_of_range"],
    [`${"[".repeat(100_000)}${"]".repeat(100_000)}`, "invalid_type"],
    [`{"model":"m","messages":${"[".repeat(1e5)}${"]".repeat(1e5)}}`, "invalid_type"],
  ])("case %#", (text, code) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code }));
  });

  test("prototypes are not changed", () => {
    const proto = '{"polluted":true,"temperature":1}';
    expect(() => parse(`{${messages},"logit_bias":{"__proto__":1}}`)).toThrow(VireoError);
    expect(() => parse(`{${messages},"metadata":{"__proto__":{"a":1}}}`)).not.toThrow();
    const { request } = parse(`{${messages},"__proto__":${proto},"constructor":${proto}}`);
    expect(request.sampling?.temperature).toBe(0);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test("deep values in ignored fields are not traversed", () => {
    const deep = `${"[".repeat(1e5)}${"]".repeat(1e5)}`;
    expect(parse(`{${messages},"x":${deep}}`).ignoredParams).toEqual(["x"]);
  });

  test("the last of equal keys wins; -0 is 0", () => {
    expect(
      parse(`{${messages},"temperature":1,"temperature":-0}`).request.sampling?.temperature,
    ).toBe(-0);
  });

  test("accepts a million keys", () => {
    const keys = Array.from({ length: 200_000 }, (_, i) => `"k${i}":1`).join(",");
    expect(parse(`{${messages},${keys}}`).ignoredParams).toHaveLength(32);
  });
});

test("random bodies throw nothing but a VireoError", () => {
  const seedBody = {
    ...base,
    messages: [
      { role: "system", content: "a" },
      user([
        { type: "text", text: "b" },
        { type: "image_url", image_url: { url: PNG } },
      ]),
      {
        role: "assistant",
        content: "c",
        tool_calls: [{ function: { name: "f", arguments: "{}" } }],
      },
      { role: "tool", content: "d" },
    ],
    stop: ["x"],
    logit_bias: { 1: 2 },
    reasoning: { effort: "low", max_tokens: 5 },
    stream: true,
    stream_options: { include_usage: true },
    temperature: 1,
    chat_template_kwargs: { enable_thinking: true },
    mm_processor_kwargs: { max_num_tiles: 2 },
    tools: [
      { type: "function", function: { name: "f", parameters: { type: "object" }, strict: true } },
    ],
    tool_choice: { type: "function", function: { name: "f" } },
    response_format: { type: "json_schema", json_schema: { name: "x", schema: { a: [{}] } } },
    bad_words: ["x"],
    stop_token_ids: [1],
    reasoning_format: "all",
    usage: { include: true },
  };
  const paths = (value: unknown, path: (string | number)[] = []): (string | number)[][] =>
    typeof value !== "object" || value === null
      ? [path]
      : [path, ...Object.entries(value).flatMap(([key, entry]) => paths(entry, [...path, key]))];
  const odd = fc.oneof(
    fc.anything({ withNullPrototype: true, maxDepth: 3 }),
    fc.constantFrom(null, "", 0, -1, 1e308, "__proto__", [], {}, "data:", PNG, "\ud800", true),
    fc.jsonValue(),
  );
  const edit = fc.tuple(fc.constantFrom(...paths(seedBody)), odd);
  const body = fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    const root: { value: unknown } = { value: structuredClone(seedBody) };
    for (const [path, value] of edits) {
      let target: Record<string, unknown> = root;
      for (const key of ["value", ...path].slice(0, -1)) {
        const next = target[key];
        if (typeof next !== "object" || next === null) break;
        target = next as Record<string, unknown>;
      }
      // a copy, because a later edit may change it and JSON has no cycles
      target[String(["value", ...path].at(-1))] = structuredClone(value);
    }
    return root.value;
  });
  fc.assert(
    fc.property(body, (value) => {
      try {
        parseChatRequest(value);
      } catch (error) {
        expect(error).toBeInstanceOf(VireoError);
      }
    }),
    { numRuns: 12_000, seed: 7 },
  );
});
