// The worked examples of each reference's rule, as the reference scored them.

import { expect, test } from "vitest";
import type { PythonValue } from "../python/value.ts";
import type { Item, Profile, Score, Scorer } from "../types.ts";
import { scoreAi2d } from "./ai2d.ts";
import { scoreAnls } from "./anls.ts";
import { scoreChartqa } from "./chartqa.ts";
import { lettered } from "./choice.ts";
import { extractPlain, normaliseExtraction, scoreMathvista } from "./mathvista.ts";
import { lastChoice, scoreMmmu } from "./mmmu.ts";
import { isOpenMatch } from "./mmmu-open.ts";
import { isSameAnswer, scoreOcrReasoning } from "./ocr-reasoning.ts";
import { FORMULAS, scoreOcrbench } from "./ocrbench.ts";
import { rankedChoice, scoreLongVideoBench, scoreMvbench, scoreVideoMme } from "./video-choice.ts";
import { scoreVqaAccuracy } from "./vqa-accuracy.ts";
import { normaliseVqa } from "./vqa-text.ts";

function item(golds: readonly PythonValue[], more: Partial<Item> = {}): Item {
  return {
    benchmark: "mmmu",
    id: "1",
    question: "?",
    options: [],
    golds,
    groups: {},
    cluster: "1",
    fields: {},
    media: [],
    ...more,
  };
}

const values = (
  score: Scorer,
  of: Item,
  answers: readonly string[],
  profile: Profile = "vlmevalkit",
): number[] => answers.map((answer) => score(of, answer, profile).value);

const DOLLARS = lettered(["$6", "$7", "eight dollars", "None of the above"]);

test.each([
  ["B", "B", "B"],
  ["The answer is (A), not (B).", "B", "B"],
  ["I think the result is clearly eight dollars in total", "C", "C"],
  ["**B**", undefined, undefined],
  ["b", undefined, undefined],
  ["B)", undefined, undefined],
  ["Option B: $7", undefined, undefined],
  ["", undefined, undefined],
  ["The correct option is C because A is wrong", "A", "A"],
  ["NASA is in option list", undefined, "A"],
  ["The answer is\nC", undefined, "C"],
  ["B. because A. is wrong", undefined, "A"],
])("MMMU reads %j as %s, lmms-eval as %s", (answer, official, harness) => {
  expect(lastChoice(answer, DOLLARS, "official").letter).toBe(official);
  expect(lastChoice(answer, DOLLARS, "lmms-eval").letter).toBe(harness);
});

test.each([
  ["The answer is 3.5", "3.5", true],
  ["= 1,234", "1234", true],
  ["The value is -5", "5", false],
  ["[2, 4]", "2", false],
  ["I do not know the correct answer", "no", true],
  ["The answer is b.", "b", true],
  ["x = 0.333 so the result is 0.33", "0.333", true],
])("the open answer %j for %j: %s", (answer, gold, right) => {
  expect(isOpenMatch(answer, [gold])).toBe(right);
});

test("VLMEvalKit scores an open question as a choice between the gold and other answers", () => {
  const open = item(["3.5"], { fields: { answer: "3.5" } });
  const answers = ["3.5", "The answer is 3.5", "The answer is 3.51", "A", "A tree"];
  expect(values(scoreMmmu, open, answers)).toEqual([1, 1, 1, 1, 1]);
  const long = "The value that one reads from the axis is 3.5";
  expect(values(scoreMmmu, open, [long])).toEqual([0]);
  expect(scoreMmmu(open, "A", "vlmevalkit").others).toMatchObject({ official: 0 });
  const thousand = item(["1234"], { fields: { answer: "1234" } });
  expect(values(scoreMmmu, thousand, ["1,234"])).toEqual([0]);
  const list = item(["24/7", "3.429"], { fields: { answer: "['24/7', '3.429']" } });
  expect(values(scoreMmmu, list, ["3.429", "['24/7', '3.429']"])).toEqual([0, 1]);
});

test("an answer that no rule reads counts 0 and shows what dice would give", () => {
  const choice = item(["B"], { options: [...DOLLARS.values()] });
  const unread = scoreMmmu(choice, "either of them", "vlmevalkit");
  expect(unread).toMatchObject({ value: 0, state: "unparsed", others: { chance: 1 / 4 } });
  const no = scoreMmmu(choice, "I can't process this file.", "vlmevalkit");
  expect(no).toMatchObject({ value: 0, state: "refused" });
});

const FRACTIONS = ["3/11", "8/11", "6/11", "3/5"];

test.each([
  ["B", FRACTIONS, "text", 0, "8/11", "8/11"],
  ["(b) 8/11", FRACTIONS, "text", 0, "8/11", "8/11"],
  ["b", FRACTIONS, "text", 0, "8/11", "3/5"],
  ["", FRACTIONS, "text", 0, "3/5", "3/5"],
  ["14.9", [], "integer", 0, "14", "14"],
  ["1,400", [], "integer", 0, "1400", undefined],
  ["0.65", [], "float", 1, "0.7", "0.7"],
  ["60%", [], "float", 1, "0.6", undefined],
  ["[2007,2008]", [], "list", 0, "[2007, 2008]", "[2007,2008]"],
  ["2", [], "float", 1, "2.0", "2.0"],
  ["2.675", [], "float", 2, "2.67", "2.67"],
])("MathVista makes of %j with choices %j, %s to %i places, gold %s: %s", (...row) => {
  const [extracted, choices, answerType, precision, , expected] = row;
  const question = { choices, answerType, precision };
  expect(normaliseExtraction(extracted, question, true)).toBe(expected);
});

test("MathVista needs a judge where the answer is not the value itself", () => {
  const whole = { choices: [], answerType: "integer", precision: 0 };
  expect(extractPlain("The answer is 14", whole)).toBeUndefined();
  expect(extractPlain(" 1_4 ", whole)).toBe("14");
  expect(extractPlain("14.", whole)).toBeUndefined();
  const integer = item(["14"], { fields: { answer_type: "integer" } });
  expect(scoreMathvista(integer, "The answer is 14", "official").state).toBe("unparsed");
});

test("MathVista's answers are read by rules without a judge", () => {
  const integer = item(["1400"], { fields: { answer_type: "integer" } });
  const answers = ["The answer is 1,400 m2.", "2 + 3 = 1400", "\\boxed{1400}", "so\nAnswer: $1400"];
  expect(values(scoreMathvista, integer, answers)).toEqual([1, 1, 1, 1]);
  const float = item(["0.6"], { fields: { answer_type: "float", precision: 1 } });
  expect(values(scoreMathvista, float, ["The fraction is 0.6.", "60%"])).toEqual([1, 0]);
  const list = item(["[2007, 2008]"], { fields: { answer_type: "list" } });
  expect(values(scoreMathvista, list, ["Between [2007,2008]", "[2008, 2007]"])).toEqual([1, 0]);
  const choice = item(["8/11"], { options: FRACTIONS });
  const chosen = ["(B) 8/11", "The answer is B", "It must be 8/11", "(A) or better (b)"];
  expect(values(scoreMathvista, choice, chosen)).toEqual([1, 1, 1, 1]);
  expect(scoreMathvista(choice, "no idea", "vlmevalkit").state).toBe("unparsed");
});

test.each([
  ["B", 1, 1],
  ["b)", 1, 0],
  ["B. leaf", 1, 1],
  ["(B) leaf", 0, 1],
  ["The answer is B", 0, 1],
  ["leaf", 0, 1],
  [" B", 0, 1],
])("AI2D scores %j %i by lmms-eval and %i by VLMEvalKit", (answer, harness, kit) => {
  const leaf = item(["B"], { options: ["root", "leaf", "stem", "flower"] });
  expect(values(scoreAi2d, leaf, [answer], "lmms-eval")).toEqual([harness]);
  expect(values(scoreAi2d, leaf, [answer])).toEqual([kit]);
});

test("OCRBench looks for a gold text in the answer", () => {
  const word = item(["CENTRE"], { groups: { type: "Regular Text Recognition" } });
  const answers = ["The sign says CENTRE.", "centre", "CEN TRE"];
  expect(values(scoreOcrbench, word, answers)).toEqual([1, 1, 0]);
  const golds = ["y _ { 2 } = - 1\n", "y_2 = - 1\n"];
  const formula = item(golds, { groups: { type: FORMULAS } });
  expect(values(scoreOcrbench, formula, ["$y_2 = -1$", "Y_2=-1"])).toEqual([1, 0]);
  const address = item(["LOT 3, JALAN PELABUR 23/1"]);
  expect(values(scoreOcrbench, address, ["lot 3, jalan\npelabur 23/1"])).toEqual([1]);
  const wide = item(["EXIT 24"]);
  expect(values(scoreOcrbench, wide, ["ＥＸＩＴ　２４"])).toEqual([0]);
  expect(values(scoreOcrbench, wide, ["ＥＸＩＴ　２４"], "lmms-eval")).toEqual([1]);
});

test.each([
  ["$103.00", "$103.00", "text", true],
  ["103.00", "$103.00", "text", false],
  ["400 亿元", "400亿元", "text", true],
  ["41.60%", "41.6%", "text", false],
  ["12", "12", "integer", true],
  ["12.0", "12", "integer", false],
  ["12.50", "12.5", "float", true],
])("OCR-Reasoning compares %j with %j as %s: %s", (answer, gold, type, same) => {
  expect(isSameAnswer(answer, gold, type)).toBe(same);
});

test("OCR-Reasoning finds the final answer behind the wanted prefix", () => {
  const fields = { answer_type: "integer", format: "The answer is: xx" };
  const number = item(["12"], { fields });
  const answers = ["12", "First 7.\nThe answer is: 12", "so \\boxed{12}", "It is\n12", "7"];
  expect(values(scoreOcrReasoning, number, answers)).toEqual([1, 1, 1, 1, 0]);
});

test.each([
  ["10", "10.4", 1],
  ["10", "10.5", 1],
  ["10", "10.6", 0],
  ["0.1", "10%", 1],
  ["10", "10%", 0],
  ["0", "0", 1],
  ["0", "0.0", 0],
  ["1000", "1,000", 0],
  ["5", "$5", 0],
  ["2020", "2019", 1],
  ["yes", "yes.", 0],
  ["5", "-5", 0],
  ["5", "nan", 0],
  ["5", "inf", 0],
  ["1000", "1e3", 1],
  ["1000", "1_000", 1],
  ["16", "0x10", 0],
  ["0", "", 0],
])("ChartQA with gold %j scores %j %i", (gold, answer, value) => {
  expect(values(scoreChartqa, item([gold]), [answer])).toEqual([value]);
});

test.each([
  [["paris"], "Paris", 1],
  [["paris"], "Pariss", 0.833333],
  [["paris"], "par", 0.6],
  [["paris"], "pa", 0],
  [["abef"], "abcd", 0.5],
  [["paris"], "the answer is paris", 0],
  [["1250.00", "$1,250.00"], "1,250.00", 0.888889],
  [["cafe"], "Café", 0.75],
  [[""], "", 1],
])("DocVQA with golds %j scores %j %f", (golds, answer, value) => {
  expect(scoreAnls(item(golds), answer).value).toBeCloseTo(value, 6);
});

test.each([
  ["The  Dog", "dog"],
  ["two", "2"],
  ["Coca-Cola", "coca cola"],
  ["1,000", "1000"],
  ["10.5", "10.5"],
  ["dont", "don't"],
  ["St. John", "st john"],
  ["a/b", "b"],
  ["$5.00", "$5.00"],
  [`${"x.".repeat(33)}`, `${"x".repeat(33)}.`],
])("TextVQA normalises %j to %j", (text, normal) => {
  expect(normaliseVqa(text, "vlmevalkit")).toBe(normal);
});

test("TextVQA counts how many other annotators agree", () => {
  const scores = [10, 3, 2, 1, 0].map((equal) => {
    const golds = Array.from({ length: 10 }, (_, at) => (at < equal ? "stop" : `go ${at}`));
    return scoreVqaAccuracy(item(golds), "Stop", "vlmevalkit").value;
  });
  const expected = [1, 0.9, 0.6, 0.3, 0];
  for (const [at, score] of scores.entries()) expect(score).toBeCloseTo(expected[at]!, 12);
});

test.each([
  ["B", "B", "B"],
  ["B.", "B", "B"],
  ["The answer is C", "C", "C"],
  ["A. cat", "A", "A"],
  ["I think (B) since A is wrong", "B", "B"],
  ["A cat, so B", "A", "A"],
  ["A or B?", "A", "A"],
  ["The answer is (C). A is wrong", "A", "C"],
  ["B) because A", "B", "B"],
  ["the cat", undefined, undefined],
])("Video-MME reads %j as %s by rank and as %s by the first letter", (answer, ranked, first) => {
  expect(rankedChoice(answer).letter).toBe(ranked);
  const options = ["A. x", "B. x", "C. x", "D. x"];
  const found = scoreVideoMme(item(["A"], { options }), answer, "vlmevalkit");
  expect(found.parsed ?? undefined).toBe(first);
});

test("LongVideoBench and MVBench read letters, and nothing by chance", () => {
  const options = ["one", "two", "three", "four", "five"];
  const fifth = item(["E"], { options });
  const answers = ["The best option is E", "D. A book", "none"];
  expect(values(scoreLongVideoBench, fifth, answers)).toEqual([1, 0, 0]);
  expect(scoreLongVideoBench(fifth, "none", "vlmevalkit").state).toBe("unparsed");
  const named = item(["two"], { options });
  const read = (answer: string): Score => scoreMvbench(named, answer, "vlmevalkit");
  expect(["B. two", "(B) two", "a cat", "b", "two"].map((text) => read(text).parsed)).toEqual([
    ...["B", "B", "A", "B"],
    null,
  ]);
  expect(read("(B) two").value).toBe(1);
});

test("the strict profile takes only a marked letter, and the last one", () => {
  const options = ["A. x", "B. x", "C. x", "D. x"];
  const read = (answer: string) => scoreVideoMme(item(["B"], { options }), answer, "strict").parsed;
  expect(["B", "(A) then (B)", "The answer is B", "B. cat"].map(read)).toEqual([
    "B",
    "B",
    "B",
    "B",
  ]);
  expect(["A cat, so B", "Best", "A or B?"].map(read)).toEqual([null, null, null]);
});
