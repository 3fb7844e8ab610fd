// The text, formula, counting and letter rules of OCRBench v2.

import { textDistance } from "../../levenshtein.ts";
import { toInteger } from "../../python/numbers.ts";
import { toText } from "../../python/print.ts";
import { length, letters, lower, strip, words } from "../../python/text.ts";
import type { PythonValue } from "../../python/value.ts";

const MIN_SIMILARITY = 0.5;
/** Golds with fewer words, or fewer Chinese parts between commas, must be contained. */
const MIN_WORDS = 5;
const MIN_PARTS = 4;

export interface TextRule {
  readonly isChinese?: boolean;
  readonly isCaseSensitive?: boolean;
}

/** 1 if a short gold is contained; for a long one the similarity, from one half on. */
export function textScore(
  answer: string,
  golds: readonly PythonValue[],
  { isChinese = false, isCaseSensitive = false }: TextRule = {},
): number {
  const plain = (text: string): string => {
    const line = strip(isCaseSensitive ? text : lower(text)).replaceAll("\n", " ");
    return isChinese ? line.replaceAll(" ", "") : line;
  };
  const read = plain(answer);
  const scores = golds.map((value) => {
    const gold = plain(toText(value));
    const isShort = isChinese ? gold.split(",").length < MIN_PARTS : words(gold).length < MIN_WORDS;
    if (isShort) return read.includes(gold) ? 1 : 0;
    const alike = similarity(read, gold);
    return alike >= MIN_SIMILARITY ? alike : 0;
  });
  return Math.max(0, ...scores);
}

/** 1 − distance over the longer length; 1 for two empty texts. */
export function similarity(a: string, b: string): number {
  const size = Math.max(length(a), length(b));
  return size === 0 ? 1 : 1 - textDistance(a, b) / size;
}

/** A choice: the letters of the answer, of any script, are exactly the gold ones. */
export function letterScore(answer: string, gold: PythonValue | undefined): number {
  return letters(answer) === toText(gold ?? "") ? 1 : 0;
}

/** Formulas are compared without blanks. In Chinese items \text{…} is unwrapped first. */
export function formulaScore(
  answer: string,
  golds: readonly PythonValue[],
  isChinese: boolean,
): number {
  const plain = (text: string): string => {
    const bare = isChinese ? text.replace(/\\text\{([^{}]*)\}/g, "$1") : text;
    return strip(bare).replaceAll("\n", "").replaceAll(" ", "");
  };
  const read = plain(answer);
  return golds.some((gold) => read.includes(plain(toText(gold)))) ? 1 : 0;
}

/** "exact match": the gold is contained. "regression": how near the first number is. */
export function countingScore(
  answer: string,
  golds: readonly PythonValue[],
  method: string,
): number {
  const scores = golds.map((value) => {
    const gold = strip(lower(toText(value))).replaceAll("\n", " ");
    if (method === "exact match") return answer.includes(gold) ? 1 : 0;
    return method === "regression" ? nearness(firstNumber(answer), toInteger(gold)) : 0;
  });
  return Math.max(0, ...scores);
}

/** The first digits of the text; a sign is not read. */
function firstNumber(text: string): bigint | undefined {
  const digits = /\p{Nd}+/u.exec(text)?.[0];
  return digits === undefined ? undefined : toInteger(digits);
}

function nearness(read: bigint | undefined, gold: bigint | undefined): number {
  if (read === undefined || gold === undefined || read <= 0n || read >= 2n * gold) return 0;
  const score = 1 - Math.abs(Number(read - gold)) / Number(gold);
  return score > 0.5 ? score : 0;
}

const JOINTS = ["", ".", ". ", ",", ", ", "、", ";", "; ", " ", "和"];

/** The gold's characters, however they are joined, are contained in the answer. */
export function joinedScore(answer: string, gold: string): number {
  const characters = Array.from(gold);
  return JOINTS.some((joint) => answer.includes(characters.join(joint))) ? 1 : 0;
}
