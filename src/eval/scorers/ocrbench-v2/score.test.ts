// The worked examples of OCRBench v2, as its own scorer scored them.

import { expect, test } from "vitest";
import { readLiteral } from "../../python/literal.ts";
import type { PythonValue } from "../../python/value.ts";
import type { Item } from "../../types.ts";
import { ocrMean } from "./ocr-mean.ts";
import { scoreOcrbenchV2 } from "./score.ts";

interface Case {
  readonly type: string;
  readonly golds: readonly PythonValue[];
  readonly question?: string;
  readonly fields?: Readonly<Record<string, PythonValue>>;
}

function score({ type, golds, question = "?", fields = {} }: Case, answer: string): number {
  const groups = { type };
  const rest = { benchmark: "ocrbench-v2", id: "1", options: [], cluster: "1", media: [] } as const;
  const item: Item = { ...rest, question, golds, groups, fields };
  return scoreOcrbenchV2(item, answer).value;
}

const FOX = "the quick brown fox jumped over the dog";
const TEXT = "text recognition en";

test.each([
  ["The sign says EXIT 24.", "exit 24", 1],
  ["exit24", "exit 24", 0],
  ["in the year 2021 approx", "202", 1],
  ["the quick brown fox jumps over a dog", FOX, 0.871795],
  [`${FOX} ${"x".repeat(34)}`, FOX, 0.527027],
])("text: %j for %j is %f", (answer, gold, value) => {
  expect(score({ type: TEXT, golds: [gold] }, answer)).toBeCloseTo(value, 6);
});

test("text: case counts where asked for, letters of any script make a choice", () => {
  const cased = { type: TEXT, golds: ["Exit"], fields: { eval: "case sensitive" } };
  expect([score(cased, "EXIT"), score(cased, "an Exit")]).toEqual([0, 1]);
  const choice = { type: "science QA en", golds: ["B"], fields: { eval: "multiple choice" } };
  expect(["(B).", "B 4", "选B", "b"].map((answer) => score(choice, answer))).toEqual([1, 1, 0, 0]);
});

test.each([
  ["答案是 北京 市", "北京市", 1],
  ["红,黄,蓝,绿", "红,黄,蓝,白", 0.857143],
])("Chinese text: %j for %j is %f", (answer, gold, value) => {
  expect(score({ type: "cognition VQA cn", golds: [gold] }, answer)).toBeCloseTo(value, 6);
});

test("counting takes the first number and gives points for near ones", () => {
  const ten = { type: "text counting en", golds: ["10"], fields: { eval: "regression" } };
  const answers = ["There are 9 words", "12", "4", "20", "15", "-9", "0", "none"];
  const values = [0.9, 0.8, 0, 0, 0, 0.9, 0, 0];
  for (const [at, answer] of answers.entries()) {
    expect(score(ten, answer), answer).toBeCloseTo(values[at]!, 12);
  }
  const two = { type: "text counting en", golds: ["2"], fields: { eval: "exact match" } };
  expect(score(two, "I count 12")).toBe(1);
});

test("formulas are compared without blanks", () => {
  const half = { type: "formula recognition en", golds: ["\\frac{1}{2}"] };
  expect(score(half, "\\frac { 1 } { 2 }")).toBe(1);
  const power = { type: "formula recognition en", golds: ["x^{2}+y=3"] };
  expect(score(power, "$x^2+y=3$")).toBe(0);
  const text = { type: "formula recognition cn", golds: ["\\text{速度}=2"] };
  expect(score(text, "速度 = 2")).toBe(1);
});

test.each([
  ["(100, 100, 200, 200)", ["100", "100", "200", "200"], 1],
  ["The box is [100,100,200,200].", ["150", "100", "250", "200"], 0.333333],
  ["first (0,0,10,10) then (100,100,200,300)", ["100", "100", "200", "200"], 0.5],
  ["(0.1,0.1,0.2,0.2)", ["100", "100", "200", "200"], 0],
  ["<box>100 100 200 200</box>", ["100", "100", "200", "200"], 0],
])("grounding: %j is %j to %f", (answer, golds, value) => {
  expect(score({ type: "text grounding en", golds }, answer)).toBeCloseTo(value, 6);
});

test.each([
  ['{"answer":"42","bbox":[100,100,200,200]}', 1],
  ['{"answer":"42","bbox":"[150,100,250,200]"}', 0.666667],
  ["answer: 42", 0.5],
])("position: %j is %f", (answer, value) => {
  const bbox = [100n, 100n, 200n, 200n];
  const asked = { type: "VQA with position en", golds: ["42"], fields: { bbox } };
  expect(score(asked, answer)).toBeCloseTo(value, 6);
});

const KEYS = "key information extraction en";

test.each([
  ['{"total":"93.1","date":"25.08.2016"}', '{"total":["93.10","93.1"],"date":"2016-08-25"}', 0.5],
  ['{"total":"1","date":"2","more":"3"}', '{"total":"1","date":"2"}', 0.666667],
  ['{"total": 93.10}', '{"total":"93.10"}', 0],
  ["total: 93.10\ndate: 2016-08-25", '{"total":"93.10","date":"2016-08-25"}', 1],
  ['{"Total":"93.10"}', '{"total":"93.10"}', 0],
  ['{"total":["93.10"]}', '{"total":"93.10"}', 0],
  ["```json\n{'total': '93.10'}\n```", "{'total': ['93.10']}", 1],
])("fields: %j", (answer, gold, value) => {
  expect(score({ type: KEYS, golds: [gold] }, answer)).toBeCloseTo(value, 6);
});

const cells = (rows: string): string => `<table>${rows}</table>`;
const GOLD = cells("<tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr>");

test.each([
  [GOLD, 1],
  [`Here it is: ${GOLD} Done.`, 1],
  [GOLD.replace("</table>", ""), 1],
  [GOLD.replace("2", "3"), 0.833333],
  [GOLD.replace("2", "24"), 0.916667],
  [cells("<tr><td>a</td><td>b</td></tr>"), 0.5],
  [GOLD.replaceAll("td", "th"), 0.333333],
  [GOLD.replace("<tr>", "<thead><tr>").replace("</tr>", "</tr></thead>"), 0.857143],
  [GOLD.replace("<td>2", '<td colspan="2">2'), 0.833333],
  ["no table", 0],
])("table: %j is %f", (answer, value) => {
  const asked = { type: "table parsing en", golds: [GOLD], question: "Write it as HTML." };
  expect(score(asked, answer)).toBeCloseTo(value, 6);
});

test.each([
  ["| a | b |\n|---|---|\n| 1 | 2 |", 1],
  ["| a | b |\n| 1 | 2 |", 0.5],
  ["nothing here", 0.166667],
  ["| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |", 0.666667],
])("Markdown table: %j is %f", (answer, value) => {
  const golds = ["| a | b |\n|---|---|\n| 1 | 2 |"];
  const asked = { type: "table parsing en", golds, question: "Use Markdown." };
  expect(score(asked, answer)).toBeCloseTo(value, 6);
});

test("chart: a dict becomes a table with the printed values", () => {
  const gold = "{'A': {'x': 1, 'y': 2}, 'B': {'x': 3, 'y': 4}}";
  const asked = { type: "chart parsing en", golds: [readLiteral(gold)!] };
  expect(score(asked, `x = ${gold} # all`)).toBe(1);
  expect(score(asked, "{'A': {'x': 1, 'y': 2}}")).toBeCloseTo(0.5, 6);
  expect(score(asked, gold.replace("4", "5"))).toBeCloseTo(0.994624, 6);
  expect(score(asked, '{"A": null}')).toBe(0);
});

test.each([
  ["# T\nabc\ndef\n## S\nghi", 1],
  ["# X\none\ntwo\n## Y\nthree", 1],
  ["# T\nabc\n## S\nghi", 0.857143],
  ["abc", 0.428571],
  ["", 0.285714],
  ["# T\nabc\ndef\n## S\nghi\n", 0.875],
])("document: %j is %f", (answer, value) => {
  const golds = ["# T\nabc\ndef\n## S\nghi"];
  expect(score({ type: "document parsing en", golds }, answer)).toBeCloseTo(value, 6);
});

const LAZY = "the quick brown fox jumps over the lazy dog";

test.each([
  [LAZY, LAZY, 1, 0.999314, 1, 0, 0.999829],
  [LAZY.replace("jumps", "jumped"), LAZY, 0.596949, 0.999314, 0.875, 0.045455, 0.856452],
  ["quick brown fox", LAZY, 0, 0.350529, 0.545455, 0.651163, 0.311205],
  ["hello", "hello", 0, 0.5, 1, 0, 0.625],
  ["hello world", "hello word", 0, 0.25, 0.5, 0.090909, 0.414773],
  ["THE QUICK", "the quick", 0, 0.9375, 0, 0.888889, 0.262153],
  ["a b c d e", "e d c b a", 0, 0.5, 1, 0.444444, 0.513889],
])("OCR mean of %j for %j", (answer, gold, bleu, meteor, f, edit, mean) => {
  const parts = ocrMean(answer, gold);
  const expected = { bleu, meteor, f, edit, mean };
  for (const [name, value] of Object.entries(expected)) {
    expect(parts[name as keyof typeof parts], name).toBeCloseTo(value, 6);
  }
});

test.each([
  ["[(10,10,60,30,'Hello'),(100,10,180,30,'World!')]", 1],
  ["[(10,10,60,30,'Hello'),(100,10,180,30,'World')]", 1],
  ["[(10,10,60,30,'hello')]", 0.666667],
  ["[(10,10,60,30,'Hello'),(100,10,140,30,'World')]", 0.5],
  ["(10,10,60,30,Hello) (100,10,180,30,World!)", 1],
  ["[(10,10,60,30,'Hello'),(11,10,60,30,'Hello')]", 0.5],
  ["Hello and World", 0],
])("spotting: %j is %f", (answer, value) => {
  const bbox = [
    [10n, 10n, 60n, 10n, 60n, 30n, 10n, 30n],
    [100n, 10n, 180n, 10n, 180n, 30n, 100n, 30n],
  ];
  const fields = { bbox, content: ["Hello", "World!"] };
  expect(score({ type: "text spotting en", golds: [], fields }, answer)).toBeCloseTo(value, 6);
});
