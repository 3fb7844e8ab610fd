import { describe, expect, test } from "vitest";
import { highlight } from "./highlight.ts";

const kinds = (text: string, language: string): readonly string[] =>
  highlight(text, language)
    .filter(({ kind }) => kind !== "plain")
    .map(({ kind, text: piece }) => `${kind} ${piece}`);

describe("source text in colours", () => {
  test.each([
    ["json", '{"a": "b\\"c", "d": [-1.5e3, true]}'],
    ["json", '{"cut": "of'],
    ["curl", "curl -NsS http://x \\\n  -H 'a: b' <<'END'\n{\"a\": 1}\nEND"],
    ["python", 'x = f"{a}"  # why\nfor i in [1, None]: print(i)'],
    ["javascript", "const a = `b`; // c\nawait f({ e: 'g' });"],
    ["unknown", "anything 1 'x'"],
    ["constructor", "1"],
  ])("%s: the pieces join to the text", (language, text) => {
    const pieces = highlight(text, language);
    expect(pieces.map((piece) => piece.text).join("")).toBe(text);
  });

  test("names, texts, numbers and words have kinds", () => {
    expect(kinds('{"a": "b", "c": 1, "d": null}', "json")).toEqual([
      'name "a"',
      'string "b"',
      'name "c"',
      "number 1",
      'name "d"',
      "keyword null",
    ]);
    expect(kinds("const a = 'b'; // c", "ts")).toEqual([
      "keyword const",
      "string 'b'",
      "comment // c",
    ]);
    expect(kinds("x", "unknown")).toEqual([]);
  });

  test("hostile texts take linear time, and long ones are left plain", () => {
    for (const piece of ['"\\', "`\\", "/*", '"a"   ', "-", "'"]) {
      const text = piece.repeat(59_000 / piece.length);
      for (const language of ["json", "js", "python", "curl"]) {
        expect(highlight(text, language).length).toBeGreaterThan(0);
      }
    }
    expect(highlight("1 ".repeat(40_000), "json")).toHaveLength(1);
  });
});
