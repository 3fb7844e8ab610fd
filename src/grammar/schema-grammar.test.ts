import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { accepts, bytesVocabulary, chooser, compile, drawText } from "../../tests/schemas/bytes.ts";
import { randomSchema } from "../../tests/schemas/random-schema.ts";
import { violation } from "../../tests/schemas/validate.ts";
import { VireoError } from "../core/errors.ts";
import { outputGrammar } from "./output-grammar.ts";
import type { Vocabulary } from "./vocabulary.ts";

let vocabulary: Vocabulary;
beforeAll(async () => {
  vocabulary = await bytesVocabulary();
});

const grammarOf = (schema: unknown) =>
  compile(outputGrammar({ type: "json_schema", schema: JSON.stringify(schema) }), vocabulary);

function refusal(schema: unknown): VireoError {
  try {
    grammarOf(schema);
  } catch (error) {
    if (error instanceof VireoError) return error;
    throw error;
  }
  throw new Error("not refused");
}

test("every finished answer satisfies its schema", () => {
  let finished = 0;
  let refused = 0;
  const runs = 2000;
  fc.assert(
    fc.property(randomSchema, fc.nat(), (schema, seed) => {
      let grammar: ReturnType<typeof grammarOf>;
      try {
        grammar = grammarOf(schema);
      } catch (error) {
        expect((error as VireoError).code).toBe("invalid_schema");
        refused += 1;
        return;
      }
      const text = drawText(grammar, chooser(seed), 1500);
      if (text === undefined) return;
      finished += 1;
      expect(violation(schema, JSON.parse(text)), text).toBeUndefined();
    }),
    { numRuns: runs, seed: 11 },
  );
  expect(finished).toBeGreaterThan(runs * 0.7);
  expect(refused).toBeLessThan(runs * 0.15);
});

describe("texts that are answers, and texts that are not", () => {
  test.each<[schema: unknown, yes: string[], no: string[]]>([
    [
      { type: "object", properties: { a: { type: "integer" }, b: {} }, required: ["b"] },
      ['{"b":1}', '{"a": 1, "b": [1, {}]}', '{ "a":-7,\n  "b":"x" }'],
      ['{"a":1}', '{"b":1,"a":1}', '{"a":01,"b":1}', '{"b":1,"c":1}', '{"b":1}x', " {}", "{}"],
    ],
    [
      { type: "object", properties: { ab: {} }, additionalProperties: { type: "null" } },
      ['{"ab":1}', '{"a":null}', '{"ab":2,"abc":null,"":null}', "{}"],
      ['{"a":1}', '{"x":null,"ab":1}', '{"\\u0061b":null}', '{"ab":1,"ab":null}'],
    ],
    [
      { type: "string", minLength: 2, maxLength: 3 },
      ['"ab"', '"日本語"', '"🙂🙂"', '"\\n\\u00e9"'],
      ['"a"', '"abcd"', '"\\ud800a"', '"a\nb"', '"\\x"', '"ab'],
    ],
    [
      { type: "array", prefixItems: [{ type: "integer" }, { const: "x" }], items: false },
      ["[]", "[1]", '[1,"x"]', '[ 1, "x" ]'],
      ['["x"]', '[1,"x",2]', "[1,]", "[,1]"],
    ],
    [
      { type: "array", items: { type: "boolean" }, minItems: 2 },
      ["[true,false]", "[true,true,true,true]"],
      ["[]", "[true]", "[true,false,null]"],
    ],
    [
      { anyOf: [{ const: { a: [1] } }, { enum: ["y", null] }] },
      ['{"a":[1]}', '"y"', "null"],
      ['{"a": [1]}', '"n"', "1"],
    ],
    [
      { type: "integer", minimum: 7, exclusiveMaximum: 131 },
      ["7", "10", "99", "130"],
      ["6", "131"],
    ],
    [{ type: "integer", maximum: -1 }, ["-1", "-10", "-999"], ["0", "-0", "1"]],
    [
      { type: "number", minimum: 0.5, maximum: 1.25 },
      ["1", "0.5", "0.50", "1.25", "1.2"],
      ["0", "0.4", "1.3", "1.26", "-0.7", "1e0"],
    ],
    [{ allOf: [{ minimum: 3 }, { maximum: 5 }], type: "integer" }, ["3", "4", "5"], ["2", "6"]],
    [
      {
        $ref: "#/$defs/n",
        $defs: { n: { type: "object", properties: { n: { $ref: "#/$defs/n" } } } },
      },
      ["{}", '{"n":{"n":{}}}'],
      ['{"n":1}', '{"n":{"m":{}}}'],
    ],
    [
      { type: "string", pattern: "^[a-z]+$", minLength: 2, maxLength: 3 },
      ['"ab"', '"abc"'],
      ['"a"', '"abcd"', '"a1"'],
    ],
    [
      { pattern: "^(?:ab)*$", minLength: 3, maxLength: 5 },
      ['"abab"'],
      ['"ab"', '"ababa"', '"ababab"'],
    ],
    [{ pattern: "^a*b*$", maxLength: 3 }, ['""', '"aab"', '"bbb"'], ['"aabb"', '"ba"']],
    [
      { allOf: [{ pattern: "^[a-f]{2,4}$" }, { pattern: "^.*[e-z]$" }] },
      ['"ae"', '"abcf"'],
      ['"ab"', '"az"', '"e"'],
    ],
    [{ pattern: '^(?!.*--)(?=.*é)["é-]{3}$' }, ['"é-é"', '"\\"é-"'], ['"é--"', '"-\\"-"']],
    [
      { type: ["string", "null"], format: "date", pattern: "^2024" },
      ["null", '"2024"'],
      ['"2023"', '"2024-02-29"'],
    ],
    [
      { enum: ["2024-02-29", "2023-02-29", 5], format: "date" },
      ['"2024-02-29"', "5"],
      ['"2023-02-29"'],
    ],
    [
      { type: "string", pattern: "^[A-Z]{2}-a*$", minLength: 4, maxLength: 5 },
      ['"XY-a"', '"XY-aa"'],
      ['"XY-"', '"XY-aaa"', '"X-aaa"'],
    ],
    [
      {
        type: "object",
        propertyNames: { type: "string" },
        additionalProperties: { type: "integer" },
      },
      ["{}", '{"a":1,"b":2}'],
      ['{"a":"x"}'],
    ],
    [
      { type: "array", items: [{ type: "integer" }, { type: "string" }], additionalItems: false },
      ['[1,"a"]', "[1]"],
      ['["a",1]', '[1,"a",2]'],
    ],
    [
      { type: "array", items: [{ type: "null" }], additionalItems: { type: "integer" } },
      ["[null,1,2]", "[null]"],
      ["[1]", '[null,"a"]'],
    ],
    [{ type: "object", unevaluatedProperties: false }, ["{}"], ['{"a":1}']],
    [
      { oneOf: [{ const: "auto" }, { type: "integer" }, { type: "null" }] },
      ['"auto"', "7", "null"],
      ['"other"', "1.5"],
    ],
    [
      true,
      ["1", '{"a":[null,true]}', '"x"', "-1.5e-7"],
      ["", "1e999", "nul", "1000000000000000000"],
    ],
  ])("%j", (schema, yes, no) => {
    const grammar = grammarOf(schema);
    expect(yes.filter((text) => !accepts(grammar, text))).toEqual([]);
    expect(no.filter((text) => accepts(grammar, text))).toEqual([]);
  });
});

/** Each refers to the next. */
function chain(length: number): unknown {
  const link = (at: number) => ({
    type: "object",
    properties: at < length ? { a: { $ref: `#/$defs/${at + 1}` } } : {},
  });
  const all = Array.from({ length: length + 1 }, (_, at) => [at, link(at)]);
  return { $ref: "#/$defs/0", $defs: Object.fromEntries(all) };
}

describe("schemas that cannot be enforced are refused quickly", () => {
  const nested = (depth: number): unknown =>
    depth === 0 ? {} : { type: "object", properties: { a: nested(depth - 1) } };

  test.each<[name: string, schema: unknown, says: string | RegExp]>([
    ["false", false, "no answer at all"],
    ["a contradiction", { allOf: [{ type: "string" }, { type: "integer" }] }, "no answer"],
    ["bounds that cross", { type: "integer", minimum: 5, maximum: 4 }, "no answer"],
    ["no value", { enum: [] }, "no answer"],
    ["a value of another type", { type: "string", const: 1 }, "no answer"],
    [
      "an object that must hold itself",
      { type: "object", properties: { a: { $ref: "#" } }, required: ["a"] },
      "no answer",
    ],
    ["a remote $ref", { $ref: "https://example.com/s.json" }, "#/$ref points outside"],
    ["a $ref to nothing", { $ref: "#/$defs/x" }, "does not exist"],
    ["a $ref to itself", { $ref: "#" }, "refers to itself"],
    [
      "a circle of $refs",
      { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
      "refers to itself",
    ],
    ["a thousand levels", nested(1000), "nested too deeply"],
    ["too many values", { enum: Array.from({ length: 6000 }, (_, i) => i) }, "too large"],
    ["too many bytes", { enum: ["x".repeat(70_000)] }, "bytes"],
    ["a million values", { enum: Array.from({ length: 1_000_000 }, () => 1) }, "bytes"],
    ["minItems 1e9", { type: "array", minItems: 1e9 }, "too large"],
    ["minLength 1e9", { type: "string", minLength: 1e9 }, "too large"],
    ["minProperties", { type: "object", minProperties: 3 }, "#/minProperties"],
    ["a key of 300 characters", { properties: { ["x".repeat(300)]: {} } }, "longer than"],
    ["two patterns", { allOf: [{ pattern: "a" }, { pattern: "b" }] }, "no answer"],
    ["a repeated lookahead", { pattern: "((?=a)a)*" }, "repeats a lookahead"],
    ["a lookbehind", { pattern: "(?<=a)a" }, "lookbehind"],
    ["a format that is too short", { format: "date", minLength: 11 }, "no answer"],
    ["two formats", { allOf: [{ format: "date" }, { format: "ipv4" }] }, "no answer"],
    ["a value that the format forbids", { format: "date", const: "2023-02-29" }, "no answer"],
    [
      "a pattern whose lengths are too many",
      { pattern: "^(ab?|c{3})*$", maxLength: 19_000 },
      "# has a pattern, format or length that is too large",
    ],
    ["a backreference", { pattern: "(a)\\1" }, "\\1 is not supported"],
    ["oneOf that overlaps", { oneOf: [{ type: "integer" }, { type: "number" }] }, "#/oneOf"],
    ["a list of types with a wrong one", { type: ["string", "text"] }, "#/type"],
    ["two lists of items", { items: [{}], prefixItems: [{}] }, "prefixItems"],
    ["names that not all keep", { propertyNames: { maxLength: 3 } }, "#/propertyNames"],
    ["a length that no text of the pattern has", { pattern: "^ab$", minLength: 3 }, "no answer"],
    ["a number of 16 digits", { type: "integer", minimum: 1e15 }, "#/minimum exceeds the 15"],
    ["nine hundred levels of $refs", chain(900), "nested too deeply"],
    ["allOf without end", mutual(), "combines too many"],
    ["enum beside a length", { enum: ["a"], minLength: 1 }, "#/enum"],
    ["a key deep down", { properties: { a: { items: { not: {} } } } }, "#/properties/a/items/not"],
    ...["not", "if", "patternProperties", "contains", "dependentRequired"].map(
      (keyword): [string, unknown, string] => [keyword, { [keyword]: {} }, `#/${keyword}`],
    ),
    ["uniqueItems", { type: "array", uniqueItems: true }, "#/uniqueItems"],
    ["multipleOf", { type: "number", multipleOf: 0.01 }, "#/multipleOf"],
  ])("%s", (_name, schema, says) => {
    const error = refusal(schema);
    expect(error.code).toBe("invalid_schema");
    expect(error.message).toMatch(says);
    expect(error.message.length).toBeLessThan(300);
  });

  test("a chain of a hundred $refs is accepted", () => {
    expect(accepts(grammarOf(chain(100)), '{"a":{"a":{}}}')).toBe(true);
  });

  test("a schema in which two recursions meet at every level", () => {
    expect(refusal(mutual()).message).toContain("combines too many");
  });

  test("values that are not schemas", () => {
    for (const schema of [
      null,
      1,
      "x",
      [],
      { properties: [] },
      { required: [1] },
      { minItems: -1 },
    ]) {
      expect(refusal(schema).code).toBe("invalid_schema");
    }
  });

  test("random JSON in place of schemas breaks nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        try {
          grammarOf(json);
        } catch (error) {
          expect(error).toBeInstanceOf(VireoError);
        }
      }),
      { numRuns: 500, seed: 3 },
    );
  });
});

/** Merging the two would never end: each step creates a new pair. */
function mutual(): unknown {
  const link = (to: string, more: object) => ({
    type: "object",
    properties: { n: { allOf: [{ $ref: `#/$defs/${to}` }, { $ref: "#/$defs/c" }] }, ...more },
  });
  return {
    allOf: [{ $ref: "#/$defs/a" }, { $ref: "#/$defs/b" }],
    $defs: { a: link("b", {}), b: link("a", {}), c: link("c", {}) },
  };
}

test("annotations and unknown keywords are ignored", () => {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "t",
    description: "d",
    default: 1,
    examples: [1],
    format: "colour",
    nullable: true,
    "x-own": {},
    type: "string",
    maxLength: 1,
  };
  expect(accepts(grammarOf(schema), '"a"')).toBe(true);
});

test("thousands of values, some the beginning of others", () => {
  const values = Array.from({ length: 4500 }, (_, at) => `v${at}${at % 3 === 0 ? "🙂" : "🙃"}`);
  const grammar = grammarOf({ enum: [...values, "v", "v1", "", null, 1, 10, [1], "v1"] });
  const yes = [...values.slice(0, 300), "v", "v1", ""].map((value) => JSON.stringify(value));
  expect([...yes, "null", "1", "10", "[1]"].filter((text) => !accepts(grammar, text))).toEqual([]);
  const no = ['"v2"', '"v1🙂"', "nul", "100", "[1", '"'];
  expect(no.filter((text) => accepts(grammar, text))).toEqual([]);
});

test("unreachable limits are ignored, and large ones are enforced", () => {
  for (const schema of [
    { type: "string", maxLength: 1e9 },
    { type: "string", maxLength: 50_000 },
    { type: "array", maxItems: 1e9 },
  ]) {
    const grammar = grammarOf(schema);
    expect(accepts(grammar, schema.type === "array" ? "[1]" : '"abc"')).toBe(true);
  }
  expect(accepts(grammarOf({ pattern: "(a+)+$" }), `"${"a".repeat(500)}"`)).toBe(true);
});
