import { beforeAll, describe, expect, test } from "vitest";
import {
  accepts,
  bytesVocabulary,
  chooser,
  compile,
  drawText,
  END,
} from "../../tests/schemas/bytes.ts";
import type { ToolDefinition } from "../core/chat.ts";
import { Grammars } from "./grammars.ts";
import { type ToolRequest, toolGrammar } from "./tool-grammar.ts";
import type { Vocabulary } from "./vocabulary.ts";

let vocabulary: Vocabulary;
beforeAll(async () => {
  vocabulary = await bytesVocabulary();
});

const city = {
  name: "weather",
  parameters: {
    type: "object",
    properties: { city: { enum: ["Rome", "Oslo"] } },
    required: ["city"],
  },
};
const clock = { name: "clock" };
const odd = { name: "odd", parameters: { not: { type: "null" } } };
const strict = (tool: ToolDefinition): ToolDefinition => ({ ...tool, strict: true });

function grammarOf(request: Partial<ToolRequest>) {
  const whole = { tools: [city, clock], choice: "required", parallel: true, ...request } as const;
  const grammar = toolGrammar(whole);
  return grammar && compile(grammar, vocabulary);
}

const ROME = '{"name": "weather", "arguments": {"city": "Rome"}}';
const CLOCK = '{"name": "clock", "arguments": {}}';
const CLOCK_WITH = '{"name": "clock", "arguments": {"any": [1]}}';
const calls = (...all: string[]) => `<TOOLCALL>[${all.join(", ")}]</TOOLCALL>`;

describe("allowed answers", () => {
  test.each<[name: string, request: Partial<ToolRequest>, yes: string[], no: string[]]>([
    [
      "required",
      {},
      [calls(ROME), calls(CLOCK), calls(ROME, CLOCK, ROME)],
      [
        "",
        "Hi",
        calls(),
        `${calls(ROME)} `,
        calls('{"name": "other", "arguments": {}}'),
        calls(CLOCK_WITH),
      ],
    ],
    ["one at a time", { parallel: false }, [calls(ROME)], [calls(ROME, CLOCK)]],
    ["a name", { choice: { name: "clock" } }, [calls(CLOCK)], [calls(ROME), calls(CLOCK, CLOCK)]],
    [
      "auto, strict",
      { choice: "auto", tools: [strict(city)] },
      ["", "Hi <TOOLCALL", "a<<TOOLCALL<b", calls(ROME), `Well: ${calls(ROME, ROME)}`],
      ["<TOOLCALL>", `x${calls(CLOCK)}`, `${calls(ROME)}!`, "<TOOLCALL>[x"],
    ],
    [
      "auto, one at a time",
      { choice: "auto", parallel: false },
      ["é <TOOLCA", calls(CLOCK)],
      [calls(CLOCK, CLOCK), "<<TOOLCALL>x"],
    ],
    [
      "auto with a format",
      { choice: "auto", output: { type: "json_object" } },
      ["{}", '{"a":1}', calls(ROME, CLOCK)],
      ["Hi", "[]", `{}${calls(ROME)}`],
    ],
    [
      "a schema that cannot be kept",
      { tools: [odd] },
      [calls('{"name":"odd","arguments":{}}')],
      [],
    ],
  ])("%s", (_name, request, yes, no) => {
    const grammar = grammarOf(request)!;
    expect(yes.filter((text) => !accepts(grammar, text))).toEqual([]);
    expect(no.filter((text) => accepts(grammar, text))).toEqual([]);
  });

  test("any text, if no tool constrains the answer", () => {
    expect(grammarOf({ choice: "auto", tools: [city] })).toBeUndefined();
    expect(grammarOf({ choice: "none", tools: [strict(city)] })).toBeUndefined();
    expect(grammarOf({ tools: [], choice: "auto" })).toBeUndefined();
  });

  test("only the format, if no tool may be called", () => {
    const output = { type: "choice", choices: ["yes", "no"] } as const;
    const grammar = grammarOf({ choice: "none", output })!;
    expect(["yes", "no", calls(ROME)].map((text) => accepts(grammar, text))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("rule names of a user's grammar do not collide with those of JSON", () => {
    const output = {
      type: "grammar",
      ebnf: 'root ::= space string\nspace ::= "-"\nstring ::= "s"',
    } as const;
    const grammar = grammarOf({ choice: "auto", output })!;
    expect(accepts(grammar, "-s")).toBe(true);
    expect(accepts(grammar, calls(ROME))).toBe(true);
  });
});

describe("a tool without parameters", () => {
  const nothing = [
    undefined,
    {},
    { type: "object" },
    { type: "object", properties: {} },
    { type: "object", properties: {}, required: [], additionalProperties: false },
    { $schema: "https://json-schema.org/draft/2020-12/schema", type: "object", title: "None" },
  ];
  const choices = ["auto", "required", { name: "now" }] as const;
  const cases = nothing.flatMap((parameters) =>
    choices.flatMap((choice) => [true, false].map((strict) => ({ parameters, choice, strict }))),
  );
  test.each(cases)("$parameters, $choice, strict: $strict", ({ parameters, choice, strict }) => {
    const tool = { name: "now", strict, ...(parameters && { parameters }) };
    const grammar = grammarOf({ tools: [tool, city], choice })!;
    const call = (given: string) => calls(`{"name": "now", "arguments": ${given}}`);
    expect(accepts(grammar, call("{}"))).toBe(true);
    expect(accepts(grammar, call('{"a": 1}'))).toBe(false);
    expect(accepts(grammar, call("{ }"))).toBe(false);
  });

  test.each([
    { type: "object", additionalProperties: true },
    { type: "object", properties: { a: {} } },
    { anyOf: [{ type: "object" }] },
  ])("%j lets parameters in", (parameters) => {
    const grammar = grammarOf({ tools: [{ name: "now", parameters }] })!;
    expect(accepts(grammar, calls('{"name": "now", "arguments": {"a": 1}}'))).toBe(true);
  });
});

test("a strict tool's schema is refused by its place", () => {
  expect(() => grammarOf({ tools: [clock, strict(odd)] })).toThrow(
    /^tools\[1\]\.function\.parameters: .*#\/not/,
  );
});

test("schemas that are too large together are refused before any is read", () => {
  const large = (at: number) => ({
    name: `f${at}`,
    parameters: { enum: Array.from({ length: 1000 }, (_, i) => `value ${i} of ${at}`) },
  });
  const tools = Array.from({ length: 20 }, (_, at) => large(at));
  expect(() => grammarOf({ tools })).toThrow("the tools' schemas have");
});

test("tools that are too large for a grammar take any object, unless they are strict", async () => {
  const text = (maxLength: number) => ({ type: "string", maxLength });
  const names = Array.from({ length: 12 }, (_, at) => [`f${at}`, text(19_900 + at)]);
  const vast = {
    name: "vast",
    parameters: { type: "object", properties: Object.fromEntries(names) },
  };
  const bytesOf = (id: number) => (id < 256 ? Uint8Array.of(id) : new Uint8Array(0));
  const grammars = new Grammars({ tokens: 257, bytesOf, eosIds: [END] });
  const request = { choice: "required", parallel: true } as const;
  const grammar = await grammars.compile({ ...request, tools: [strict(city), vast] });
  expect(accepts(grammar!, calls(ROME, '{"name": "vast", "arguments": {"f0": 1}}'))).toBe(true);
  expect(accepts(grammar!, calls(ROME.replace("Rome", "Bonn")))).toBe(false);
  const asked = grammars.compile({ ...request, tools: [strict(vast)] });
  await expect(asked).rejects.toMatchObject({ code: "invalid_schema" });
});

test("randomly sampled calls parse and satisfy the schema", () => {
  const grammar = grammarOf({ tools: [city] })!;
  for (let seed = 0; seed < 30; seed++) {
    const text = drawText(grammar, chooser(seed), 20_000);
    if (text === undefined) continue;
    const list = JSON.parse(text.slice("<TOOLCALL>".length, -"</TOOLCALL>".length));
    for (const { name, arguments: given } of list) {
      expect(name).toBe("weather");
      expect(["Rome", "Oslo"]).toContain(given.city);
    }
  }
});
