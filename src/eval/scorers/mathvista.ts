// MathVista: an answer is extracted, normalised to the type of the question, and compared.

import { printFloat, readFloat, roundFloat } from "../../core/python/floats.ts";
import { textDistance } from "../levenshtein.ts";
import { toInteger, truncate } from "../python/numbers.ts";
import { toText } from "../python/print.ts";
import { strip } from "../python/text.ts";
import type { Item, Profile, Score } from "../types.ts";
import { lettered } from "./choice.ts";
import { finalText, lastList, lastNumber } from "./extraction.ts";
import { graded, unparsed } from "./outcome.ts";

/** Properties of a question that decide how its answer is read. */
export interface MathQuestion {
  readonly choices: readonly string[];
  /** "text", "integer", "float" or "list". */
  readonly answerType: string;
  /** Decimal places of a float. */
  readonly precision: number;
}

/**
 * By default rules read the answer, where the reference asks a judge model. The profiles "official"
 * and "lmms-eval" read only an answer that is the value itself, as the reference does before it
 * asks.
 */
export function scoreMathvista(item: Item, answer: string, profile: Profile): Score {
  const question: MathQuestion = {
    choices: item.options,
    answerType: toText(item.fields.answer_type ?? "text"),
    precision: Number(item.fields.precision ?? 0),
  };
  const asReference = profile === "official" || profile === "lmms-eval";
  const extracted = asReference ? extractPlain(answer, question) : extract(answer, question);
  const value =
    extracted === undefined ? undefined : normaliseExtraction(extracted, question, asReference);
  if (value === undefined) return unparsed(asReference ? "needs a judge" : "no value");
  const isRight = strip(value) === strip(toText(item.golds[0] ?? ""));
  return graded(isRight ? 1 : 0, value, asReference ? "whole answer" : "rules");
}

/** The reference's extraction before it asks a judge. */
export function extractPlain(answer: string, question: MathQuestion): string | undefined {
  if (answer === "") return "";
  if (question.choices.includes(answer)) return answer;
  if (question.answerType === "integer") {
    const whole = toInteger(answer);
    if (whole !== undefined) return String(whole);
  }
  if (question.answerType === "float") {
    const float = readFloat(answer);
    if (float !== undefined) return printFloat(float);
  }
  return /The answer is "(.*)"\./.exec(answer)?.[1];
}

function extract(answer: string, question: MathQuestion): string | undefined {
  const text = finalText(answer);
  if (question.choices.length > 0) return extractChoice(text, question.choices);
  if (question.answerType === "list") return lastList(text) ?? lastList(answer);
  if (question.answerType === "text") return text;
  return lastNumber(text);
}

/** The last `(X)`, else the last standing capital in range, else the only choice contained. */
function extractChoice(text: string, choices: readonly string[]): string | undefined {
  const options = lettered(choices);
  if (choices.includes(strip(text))) return strip(text);
  const inBrackets = [...text.matchAll(/\(([A-Za-z])\)/g)].map(([, letter]) => letter!);
  const known = inBrackets.map((letter) => letter.toUpperCase()).filter((l) => options.has(l));
  if (known.length > 0) return known.at(-1);
  const standing = [...text.matchAll(/(?<![\p{L}\p{N}])[A-Z](?![\p{L}\p{N}])/gu)].map(([l]) => l);
  const inRange = standing.filter((letter) => options.has(letter));
  if (inRange.length > 0) return inRange.at(-1);
  const contained = choices.filter((choice) => choice !== "" && text.includes(choice));
  return contained.length === 1 ? contained[0] : undefined;
}

/**
 * The extracted text as a value of the question's type. `nearest`: a choice that is no letter and
 * no choice becomes the choice with the smallest edit distance, as in the reference, where even an
 * empty answer becomes some choice.
 */
export function normaliseExtraction(
  extracted: string,
  { choices, answerType, precision }: MathQuestion,
  nearest: boolean,
): string | undefined {
  if (choices.length > 0) return normaliseChoice(extracted, choices, nearest);
  const float = readFloat(extracted);
  if (answerType === "integer") {
    const whole = float === undefined ? undefined : truncate(float);
    return whole === undefined ? undefined : String(whole);
  }
  if (answerType === "float") {
    return float === undefined ? undefined : printFloat(roundFloat(float, precision));
  }
  return extracted;
}

function normaliseChoice(
  extracted: string,
  choices: readonly string[],
  nearest: boolean,
): string | undefined {
  const text = strip(extracted);
  const letter = /\(([a-zA-Z])\)/.exec(text)?.[1]?.toUpperCase() ?? text;
  const chosen = lettered(choices).get(letter);
  if (chosen !== undefined) return chosen;
  if (!nearest) return choices.find((choice) => choice === letter);
  const distances = choices.map((choice) => textDistance(letter, choice));
  return choices[distances.indexOf(Math.min(...distances))];
}
