// MMMU: choices and open questions.

import { toText } from "../python/print.ts";
import { lower, stripEnd, stripStart, words } from "../python/text.ts";
import type { Item, Profile, Score } from "../types.ts";
import {
  type Choice,
  inferChoice,
  lettered,
  type Options,
  scoreChoice,
  strictChoice,
} from "./choice.ts";
import { isOpenMatch } from "./mmmu-open.ts";
import { graded } from "./outcome.ts";

export function scoreMmmu(item: Item, answer: string, profile: Profile): Score {
  if (item.options.length === 0) return scoreOpen(item, answer, profile);
  const options = lettered(item.options);
  return scoreChoice(readChoice(answer, options, profile), toText(item.golds[0] ?? ""), options);
}

function readChoice(answer: string, options: Options, profile: Profile): Choice {
  if (profile === "vlmevalkit") return inferChoice(answer, options);
  if (profile === "strict") return strictChoice(answer, options);
  return lastChoice(answer, options, profile);
}

/**
 * VLMEvalKit scores an open question as a choice between the gold text as stored and "Other
 * Answers", so the letter A is right whatever the gold is. The official rule is shown beside it.
 */
function scoreOpen(item: Item, answer: string, profile: Profile): Score {
  const official = isOpenMatch(answer, item.golds) ? 1 : 0;
  if (profile !== "vlmevalkit") return graded(official, answer, "open");
  const stored = toText(item.fields.answer ?? item.golds[0] ?? "");
  const options = lettered([stored, "Other Answers"]);
  const score = scoreChoice(inferChoice(answer, options), "A", options);
  return { ...score, rule: `open: ${score.rule}`, others: { ...score.others, official } };
}

const AT_ENDS = [",", ".", "!", "?", ";", ":", "'"];
/** Longer answers are also searched for the text of an option. */
const MIN_WORDS = 6;

/**
 * The official rule: letters in brackets, else standing alone, else an option's text; of several
 * the last one. Where none is found the reference throws dice; here no letter is returned.
 * lmms-eval takes a letter with a blank behind it only, and also one with a full stop.
 */
export function lastChoice(answer: string, options: Options, profile: Profile): Choice {
  const inner = AT_ENDS.reduce((text, mark) => stripEnd(stripStart(text, mark), mark), answer);
  const text = ` ${inner} `;
  const letters = [...options.keys()];
  const containing = (form: (letter: string) => string) =>
    letters.filter((letter) => text.includes(form(letter)));
  const inBrackets = containing((letter) => `(${letter})`);
  if (inBrackets.length > 0) {
    return { letter: furthest(inBrackets, (l) => text.lastIndexOf(`(${l})`)), rule: "brackets" };
  }
  const [withBlank, alone] = [containing((l) => `${l} `), containing((l) => ` ${l} `)];
  const byLmmsEval = withBlank.length > 0 ? withBlank : containing((l) => `${l}.`);
  const standing = profile === "lmms-eval" ? byLmmsEval : alone;
  if (standing.length > 0) {
    return { letter: furthest(standing, (l) => text.lastIndexOf(` ${l} `)), rule: "letter" };
  }
  if (words(text).length < MIN_WORDS) return { rule: "no letter" };
  const plain = lower(text);
  const optionText = (letter: string): string => lower(options.get(letter)!);
  const named = letters.filter((letter) => plain.includes(optionText(letter)));
  if (named.length === 0) return { rule: "no option" };
  return { letter: furthest(named, (l) => plain.lastIndexOf(optionText(l))), rule: "option text" };
}

/** The letter with the largest place; the first one on a tie. */
function furthest(letters: readonly string[], placeOf: (letter: string) => number): string {
  return letters.reduce((best, letter) => (placeOf(letter) > placeOf(best) ? letter : best));
}
