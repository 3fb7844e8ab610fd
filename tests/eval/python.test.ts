// Texts, numbers and literals are read and printed as Python reads and prints them.

import { expect, test } from "vitest";
import { printFloat, readFloat, roundFloat } from "../../src/core/python/floats.ts";
import { readJson } from "../../src/eval/python/json.ts";
import { readLiteral } from "../../src/eval/python/literal.ts";
import { toInteger } from "../../src/eval/python/numbers.ts";
import { print } from "../../src/eval/python/print.ts";
import { length, letters, lower, strip, words } from "../../src/eval/python/text.ts";
import type { PythonValue } from "../../src/eval/python/value.ts";
import { readFixture } from "./read-fixture.ts";

interface Fixture {
  readonly text: readonly [string, string, string, string[], string, number, string][];
  readonly number: readonly [string, string | null, string | null][];
  readonly printed: readonly [string, string, string, string, string][];
  readonly literals: readonly [string, string | null][];
  readonly json: readonly [string, string | null][];
  readonly characters: readonly [string, string, boolean, boolean][];
}

const PYTHON = readFixture<Fixture>("python");
const printed = (value: PythonValue | undefined) => (value === undefined ? null : print(value));

test("methods of str return the same as in Python", () => {
  const got = PYTHON.text.map(([text]) => {
    const inner = strip(text, "`abmn");
    return [text, strip(text), inner, words(text), lower(text), length(text), letters(text)];
  });
  expect(got).toEqual(PYTHON.text);
});

test("every character up to U+3100 has Python's case, space and letter", () => {
  const got = PYTHON.characters.map(([c]) => [c, lower(c), strip(c) === "", letters(c) !== ""]);
  expect(got).toEqual(PYTHON.characters);
});

test("int() and float() accept the same texts as Python", () => {
  const got = PYTHON.number.map(([text]) => {
    const float = readFloat(text);
    return [text, float === undefined ? null : printFloat(float), printed(toInteger(text))];
  });
  expect(got).toEqual(PYTHON.number);
});

test("floats print and round as in Python", () => {
  const got = PYTHON.printed.map(([bytes]) => {
    const x = Buffer.from(bytes, "hex").readDoubleLE();
    return [bytes, printFloat(x), ...[1, 2, 0].map((digits) => printFloat(roundFloat(x, digits)))];
  });
  expect(got).toEqual(PYTHON.printed);
});

test("literals are read and printed as in Python", () => {
  const got = PYTHON.literals.map(([text]) => [text, printed(readLiteral(text))]);
  expect(got).toEqual(PYTHON.literals);
});

test("JSON is read as in Python", () => {
  const got = PYTHON.json.map(([text]) => [text, printed(readJson(text))]);
  expect(got).toEqual(PYTHON.json);
});

test("deep nesting and long input end in time", () => {
  for (const read of [readLiteral, readJson]) {
    expect(read("[".repeat(100_000))).toBeUndefined();
    expect(read(`${"[".repeat(50)}1${"]".repeat(50)}`)).toBeDefined();
    expect(read(`"${"\\\\".repeat(500_000)}"`)).toHaveLength(500_000);
  }
});
