// Finds the letter of the chosen option in an answer.

import { length, lower, PYTHON_SPACE, words } from "../python/text.ts";
import type { Score } from "../types.ts";
import { graded, refused, unparsed } from "./outcome.ts";

/** Options by letter, in order. */
export type Options = ReadonlyMap<string, string>;

/** A found letter and the rule that found it; no letter: the model refused, or no rule matched. */
export interface Choice {
  readonly letter?: string;
  readonly refused?: boolean;
  readonly rule: string;
}

/** Texts as options A, B, C and so on. */
export function lettered(texts: readonly string[]): Options {
  return new Map(texts.map((text, at) => [letterOf(at), text]));
}

export function letterOf(index: number): string {
  return String.fromCharCode(65 + index);
}

const REFUSALS = [
  "Sorry, I can't help with images of people yet.",
  "I can't process this file.",
  "I'm sorry, but without the image provided",
  "Cannot determine the answer",
];
/** A letter among the last words counts; one further ahead may be an article. */
const LAST_WORDS = 5;
const SAID = new RegExp(
  `(?:correct${PYTHON_SPACE}+)?answer${PYTHON_SPACE}+is${PYTHON_SPACE}+\\**([A-D])\\**`,
  "iu",
);

/** VLMEvalKit's rule without a judge: a lone letter near the end, or the text of one option. */
export function inferChoice(answer: string, options: Options): Choice {
  if (answer.includes("Failed to obtain answer via API")) return { rule: "no answer" };
  if (REFUSALS.some((sentence) => answer.includes(sentence))) {
    return { refused: true, rule: "refusal" };
  }
  const parts = words(answer.replace(/[.()[\],:;!*#{}]/g, " "));
  const named = [...options.keys()].filter((letter) => parts.includes(letter));
  const [letter] = named;
  if (named.length === 1 && letter !== undefined) {
    if (parts.indexOf(letter) > parts.length - LAST_WORDS) return { letter, rule: "letter" };
  }
  if (named.length === 0 && parts.includes("Z")) return { letter: "Z", rule: "letter" };
  const said = SAID.exec(answer)?.[1]?.toUpperCase();
  if (said !== undefined && options.has(said)) return { letter: said, rule: "answer is" };
  return inferByText(answer, options);
}

function inferByText(answer: string, options: Options): Choice {
  const texts = [...options].map(([letter, text]) => [letter, lower(text)] as const);
  const sum = texts.reduce((total, [, text]) => total + length(text), 0);
  const plain = lower(answer);
  if (length(plain) > 2 * sum) return { rule: "too long for its options" };
  const found = texts.filter(([, text]) => plain.includes(text));
  return found.length === 1 ? { letter: found[0]![0], rule: "option text" } : { rule: "no option" };
}

const STRICT = [
  /\(([A-Z])\)/gu,
  /(?<![\p{L}\p{N}])([A-Z])\.(?![\p{L}\p{N}])/gu,
  /(?:[Aa]nswer|[Oo]ption|[Cc]hoice)(?:\s+is)?\s*:?\s*\**\(?([A-Z])(?![\p{L}\p{N}])/gu,
];

/** A lone letter, `(X)`, `X.`, or a letter right after an answer phrase; the last one counts. */
export function strictChoice(answer: string, options: Options): Choice {
  const lone = answer.trim();
  if (options.has(lone)) return { letter: lone, rule: "lone letter" };
  let last = { at: -1, letter: "" };
  for (const match of STRICT.flatMap((pattern) => [...answer.matchAll(pattern)])) {
    const letter = match[1]!;
    const at = match.index + match[0].lastIndexOf(letter);
    if (options.has(letter) && at > last.at) last = { at, letter };
  }
  return last.at < 0
    ? { rule: "no marked letter" }
    : { letter: last.letter, rule: "marked letter" };
}

/** Compares a found letter with the gold one. `chance` is shown beside an unread answer. */
export function scoreChoice(found: Choice, gold: string, options: Options): Score {
  if (found.refused === true) return refused(found.rule);
  const { letter, rule } = found;
  if (letter === undefined) return unparsed(rule, { others: { chance: 1 / options.size } });
  const value = letter === gold ? 1 : 0;
  return graded(value, letter, rule, { others: { chance: value } });
}
