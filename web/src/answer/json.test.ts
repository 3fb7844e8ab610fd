import { describe, expect, test } from "vitest";
import { answerJson, blockJson, tableOf, toCsv } from "./json.ts";

describe("JSON in an answer", () => {
  test("the whole answer", () => {
    expect(answerJson(' {"a": 1}\n')).toEqual({
      whole: { value: { a: 1 }, complete: true },
      blocks: [],
    });
    expect(answerJson('[{"a": 1}]').whole?.value).toEqual([{ a: 1 }]);
    expect(answerJson('[{"a": 1}, {"b').whole).toEqual({ value: [{ a: 1 }, {}], complete: false });
  });

  test.each([
    "12",
    '"word"',
    "true",
    "Hello",
    '{"a": x',
    "[1,2,3,4]",
    "[]",
    "",
  ])("%s is prose", (text) => {
    expect(answerJson(text).whole).toBeUndefined();
  });

  test("fenced blocks", () => {
    const text =
      'Here:\n```json\n{"a": 1}\n```\nand\n~~~\n[{"b": 2}]\n~~~\n```python\n{"c": 3}\n```';
    expect(answerJson(text).blocks).toEqual([{ a: 1 }, [{ b: 2 }]]);
    expect(answerJson('```json\n{"a": 1}').blocks).toEqual([]);
    expect(blockJson("json", '{"a": 1}')).toEqual({ value: { a: 1 }, complete: true });
    expect(blockJson("json", '{"a": ')).toEqual({ value: {}, complete: false });
    expect(blockJson("js", '{"a": 1}')).toBeUndefined();
    expect(blockJson("json", "[1, 2]")).toBeUndefined();
  });
});

describe("tables", () => {
  test("an array of objects, with the columns of all of them", () => {
    expect(tableOf([{ a: 1 }, { b: null, a: 2 }])).toEqual({
      columns: ["a", "b"],
      rows: [
        [1, undefined],
        [2, null],
      ],
    });
  });

  test("an object with one", () => {
    expect(tableOf({ total: 3, tags: ["x"], lines: [{ a: 1 }] })?.columns).toEqual(["a"]);
  });

  test.each([
    [{ a: 1 }],
    [[1, 2]],
    [[{ a: 1 }, 2]],
    [[]],
    [[{}]],
    ["text"],
    [null],
  ])("%j is none", (value) => {
    expect(tableOf(value)).toBeUndefined();
  });

  test("inherited property names are not cells", () => {
    expect(tableOf([{ toString: 1 }, { a: 2 }])?.rows[1]).toEqual([undefined, 2]);
  });
});

test("CSV is quoted, and no cell runs as a formula", () => {
  const value = [
    { name: 'a "b", c', price: -1.5, note: null },
    { name: "=HYPERLINK(1)", price: 2, note: "two\nlines" },
    { name: "-cmd", price: { x: 1 }, note: "@now" },
  ];
  expect(toCsv(tableOf(value)!)).toBe(
    [
      "name,price,note",
      '"a ""b"", c",-1.5,',
      '\'=HYPERLINK(1),2,"two\nlines"',
      '\'-cmd,"{""x"":1}",\'@now',
    ].join("\r\n"),
  );
});
