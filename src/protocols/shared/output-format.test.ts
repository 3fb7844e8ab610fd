import { describe, expect, test } from "vitest";
import { VireoError } from "../../core/errors.ts";
import { parseChatRequest } from "../openai/chat.ts";

const base = { model: "m", messages: [{ role: "user", content: "Hi" }] };
const schema = { type: "object", properties: { b: {}, a: { type: "integer" } } };
const asText = JSON.stringify(schema);

test.each([
  [{ response_format: { type: "text" } }, undefined],
  [{ response_format: null, guided_json: null, structured_outputs: null }, undefined],
  [{ structured_outputs: {} }, undefined],
  [{ response_format: { type: "json_object" } }, { type: "json_object" }],
  [
    { response_format: { type: "json_schema", json_schema: { name: "x", strict: true, schema } } },
    { type: "json_schema", schema: asText },
  ],
  [
    { response_format: { type: "json_schema", json_schema: { name: "x" } } },
    { type: "json_schema", schema: "{}" },
  ],
  [{ guided_json: schema }, { type: "json_schema", schema: asText }],
  [{ guided_json: asText }, { type: "json_schema", schema: asText }],
  [{ structured_outputs: { json: schema } }, { type: "json_schema", schema: asText }],
  [{ structured_outputs: { json_object: true } }, { type: "json_object" }],
  [{ guided_regex: "a+" }, { type: "regex", pattern: "a+" }],
  [{ structured_outputs: { regex: "a+" } }, { type: "regex", pattern: "a+" }],
  [{ guided_choice: ["a", "b"] }, { type: "choice", choices: ["a", "b"] }],
  [{ structured_outputs: { choice: ["a"] } }, { type: "choice", choices: ["a"] }],
  [{ guided_grammar: "root ::= x" }, { type: "grammar", ebnf: "root ::= x" }],
  [{ structured_outputs: { grammar: "g" } }, { type: "grammar", ebnf: "g" }],
])("%j", (fields, output) => {
  expect(parseChatRequest({ ...base, ...fields }).request.output).toEqual(output);
});

describe("refused", () => {
  const deep = (depth: number): object =>
    JSON.parse(`${'{"items":'.repeat(depth)}{}${"}".repeat(depth)}`);
  const jsonSchema = (given: unknown) => ({
    response_format: { type: "json_schema", json_schema: { name: "x", schema: given } },
  });

  test.each<[object, string]>([
    [{ guided_json: {}, guided_regex: "a" }, "guided_regex"],
    [{ response_format: { type: "json_object" }, guided_choice: ["a"] }, "guided_choice"],
    [{ structured_outputs: { json: {}, regex: "a" } }, "structured_outputs.regex"],
    [{ response_format: { type: "xml" } }, "response_format"],
    [{ response_format: { type: "json_schema" } }, "response_format.json_schema"],
    [{ response_format: {} }, "response_format"],
    [jsonSchema(7), "response_format.json_schema.schema"],
    [jsonSchema(deep(100_000)), "response_format.json_schema.schema"],
    [{ guided_json: deep(100_000) }, "guided_json"],
    [{ guided_choice: [] }, "guided_choice"],
    [{ guided_choice: [""] }, "guided_choice[0]"],
    [{ guided_choice: Array(6000).fill("a") }, "guided_choice"],
    [{ guided_regex: "a".repeat(70_000) }, "guided_regex"],
    [{ guided_grammar: 7 }, "guided_grammar"],
  ])("%#", (fields, param) => {
    expect(() => parseChatRequest({ ...base, ...fields })).toThrow(VireoError);
    try {
      parseChatRequest({ ...base, ...fields });
    } catch (error) {
      expect((error as VireoError).param?.startsWith(param)).toBe(true);
    }
  });
});

test("fields without an effect beside a format are reported", () => {
  const fields = { guided_regex: "a", stop: ["x"], guided_decoding_backend: "any" };
  const nested = { structured_outputs: { regex: "a", disable_any_whitespace: true } };
  expect(parseChatRequest({ ...base, ...fields }).ignoredParams).toEqual([
    "stop",
    "guided_decoding_backend",
  ]);
  expect(parseChatRequest({ ...base, ...nested }).ignoredParams).toEqual([
    "structured_outputs.disable_any_whitespace",
  ]);
});
