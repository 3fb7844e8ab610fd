// Scores of 2,000 random answers per rule equal those of slow, literal programs in Python
// (fixtures/make_metrics.py), which share nothing with src/eval.

import { expect, test } from "vitest";
import { readLiteral } from "../../src/eval/python/literal.ts";
import type { PythonValue } from "../../src/eval/python/value.ts";
import { scoreAnls } from "../../src/eval/scorers/anls.ts";
import { isRelaxedMatch } from "../../src/eval/scorers/chartqa.ts";
import { inferChoice, lettered } from "../../src/eval/scorers/choice.ts";
import { normaliseExtraction } from "../../src/eval/scorers/mathvista.ts";
import { lastChoice } from "../../src/eval/scorers/mmmu.ts";
import { isOpenMatch } from "../../src/eval/scorers/mmmu-open.ts";
import { FORMULAS, scoreOcrbench } from "../../src/eval/scorers/ocrbench.ts";
import { lastBox, overlap } from "../../src/eval/scorers/ocrbench-v2/boxes.ts";
import { readFields } from "../../src/eval/scorers/ocrbench-v2/fields.ts";
import { ocrMean } from "../../src/eval/scorers/ocrbench-v2/ocr-mean.ts";
import { stem } from "../../src/eval/scorers/ocrbench-v2/porter.ts";
import { scoreOcrbenchV2 } from "../../src/eval/scorers/ocrbench-v2/score.ts";
import {
  goldSpots,
  readSpots,
  spottingScore,
} from "../../src/eval/scorers/ocrbench-v2/spotting.ts";
import { stedsScore } from "../../src/eval/scorers/ocrbench-v2/steds.ts";
import { countingScore, textScore } from "../../src/eval/scorers/ocrbench-v2/text-rule.ts";
import { mvbenchChoice, scoreVideoMme } from "../../src/eval/scorers/video-choice.ts";
import { normaliseVqa } from "../../src/eval/scorers/vqa-text.ts";
import type { Item } from "../../src/eval/types.ts";
import { readFixture } from "./read-fixture.ts";

type Row = readonly unknown[];

const ROWS = readFixture<Readonly<Record<string, readonly Row[]>>>("metrics");
const BLANK: Item = {
  benchmark: "ocrbench-v2",
  id: "1",
  question: "",
  options: [],
  golds: [],
  groups: {},
  cluster: "1",
  fields: {},
  media: [],
};

/** Compares the rule's result for each row's inputs with the row's last value. */
function agree(name: string, rule: (...inputs: never[]) => unknown): void {
  test(`${name}: every answer scores as in Python`, () => {
    const rows = ROWS[name]!;
    expect(rows.length).toBeGreaterThanOrEqual(2000);
    const wrong = rows.filter((row) => {
      const got = rule(...(row.slice(0, -1) as never[])) ?? null;
      return !isNear(got, row.at(-1));
    });
    expect(wrong.map((row) => [...row, rule(...(row.slice(0, -1) as never[]))])).toEqual([]);
  });
}

function isNear(a: unknown, b: unknown): boolean {
  if (typeof a === "number" && typeof b === "number") return Math.abs(a - b) < 1e-9;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, at) => isNear(item, b[at]));
  }
  return JSON.stringify(a) === JSON.stringify(b);
}

const v2 = (type: string, question: string, gold: PythonValue, answer: string): number =>
  scoreOcrbenchV2({ ...BLANK, question, golds: [gold], groups: { type } }, answer).value;

agree("infer", (answer: string, texts: string[]) => inferChoice(answer, lettered(texts)).letter);
agree("official", (answer: string, texts: string[]) => {
  return lastChoice(answer, lettered(texts), "official").letter;
});
agree("trailing", (answer: string, texts: string[]) => {
  return lastChoice(answer, lettered(texts), "lmms-eval").letter;
});
agree("open", (answer: string, gold: string) => isOpenMatch(answer, [gold]));
agree("videomme", (answer: string) => {
  const options = ["a", "b", "c", "d"];
  return scoreVideoMme({ ...BLANK, options, golds: ["A"] }, answer, "vlmevalkit").parsed;
});
agree("mvbench", (answer: string) => mvbenchChoice(answer).letter);
agree("mathvista", (text: string, answerType: string, precision: number, choices: string[]) => {
  return normaliseExtraction(text, { answerType, precision, choices }, true);
});
agree("chartqa", (answer: string, gold: string) => isRelaxedMatch(answer.trim(), gold));
agree("anls", (answer: string, golds: string[]) => scoreAnls({ ...BLANK, golds }, answer).value);
agree("vqa", (text: string) => normaliseVqa(text, "vlmevalkit"));
agree("ocrbench", (answer: string, golds: string[], isFormula: boolean) => {
  const item = { ...BLANK, golds, groups: { type: isFormula ? FORMULAS : "text" } };
  return scoreOcrbench(item, answer, "vlmevalkit").value === 1;
});
agree("text", (answer: string, golds: string[], isChinese: boolean, isCaseSensitive: boolean) => {
  return textScore(answer, golds, { isChinese, isCaseSensitive });
});
agree("counting", (answer: string, gold: string) => countingScore(answer, [gold], "regression"));
agree("grounding", (answer: string, gold: number[]) => {
  const box = lastBox(answer);
  return box === undefined ? 0 : overlap(box, gold);
});
agree("fields", (answer: string) => Object.fromEntries(readFields(answer)));
agree("table", (answer: string, gold: string) => {
  return v2("table parsing en", "Answer in HTML.", gold, answer);
});
agree("markdown", (answer: string, gold: string) => {
  return v2("table parsing en", "Answer in Markdown.", gold, answer);
});
agree("chart", (answer: string, gold: string) => {
  return v2("chart parsing en", "?", readLiteral(gold)!, answer);
});
agree("document", (answer: string, gold: string) => stedsScore(answer, gold));
agree("mean", (answer: string, gold: string) => {
  const { bleu, meteor, f, edit } = ocrMean(answer, gold);
  return [bleu, meteor, f, edit];
});
agree("spotting", (answer: string, boxes: number[][], texts: string[]) => {
  return spottingScore(readSpots(answer), goldSpots(boxes, texts));
});
agree("stems", (word: string) => stem(word));
