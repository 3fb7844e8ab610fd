import { describe, expect, test } from "vitest";
import { parseChatRequest } from "../openai/chat.ts";
import { parseResponseRequest } from "../openai/responses.ts";
import { unenforcedFormats } from "./unenforced-formats.ts";

const schema = {
  type: "object",
  properties: {
    format: { type: "string", format: "date" },
    link: { anyOf: [{ format: "iri" }, { format: "uri" }] },
    list: { items: { $ref: "#/$defs/format" }, default: { format: "data" } },
  },
  $defs: { format: { format: "idn-email" } },
};

test("unenforced formats are listed at any depth", () => {
  const output = { type: "json_schema", schema: JSON.stringify(schema) } as const;
  expect(unenforcedFormats(output).sort()).toEqual(["format.idn-email", "format.iri"]);
});

test("only the formats of strict tools are listed", () => {
  const tool = { name: "a", parameters: { properties: { a: { format: "regex" } } } };
  expect(unenforcedFormats(undefined, [tool])).toEqual([]);
  expect(unenforcedFormats(undefined, [{ ...tool, strict: true }])).toEqual(["format.regex"]);
});

test("invalid or huge schemas and unsafe names list nothing", () => {
  const output = (text: string) => ({ type: "json_schema", schema: text }) as const;
  expect(unenforcedFormats(output("{"))).toEqual([]);
  expect(unenforcedFormats(output("7"))).toEqual([]);
  expect(unenforcedFormats(output(JSON.stringify({ format: "a\r\nb: c" })))).toEqual([]);
  const deep = `${'{"items":'.repeat(50_000)}{"format":"iri"}${"}".repeat(50_000)}`;
  expect(unenforcedFormats(output(deep))).toEqual([]);
  const many = Array.from({ length: 100 }, (_, at) => ({ format: `f${at}` }));
  expect(unenforcedFormats(output(JSON.stringify({ anyOf: many })))).toHaveLength(16);
});

describe("each protocol lists them", () => {
  const object = { type: "object", properties: { a: { type: "string", format: "iri" } } };
  const message = [{ role: "user", content: "Hi" }];
  const strictTool = { name: "f", parameters: object, strict: true };
  const choice = { type: "json_schema", json_schema: { name: "x", schema: object } } as const;

  test.each([
    ["chat", () => parseChatRequest({ model: "m", messages: message, response_format: choice })],
    [
      "a tool of chat",
      () => {
        const tools = [{ type: "function", function: strictTool }];
        return parseChatRequest({ model: "m", messages: message, tools });
      },
    ],
    [
      "responses",
      () => {
        const tools = [{ type: "function", ...strictTool }];
        return parseResponseRequest({ model: "m", input: "Hi", tools });
      },
    ],
  ])("%s", (_name, parse) => {
    expect(parse().ignoredParams).toEqual(["format.iri"]);
  });
});
