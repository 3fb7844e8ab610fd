// Choices about videos: Video-MME, LongVideoBench and MVBench.

import { toText } from "../python/print.ts";
import { lower, PYTHON_SPACE, PYTHON_WORD, strip } from "../python/text.ts";
import type { Item, Profile, Score } from "../types.ts";
import { type Choice, lettered, letterOf, scoreChoice, strictChoice } from "./choice.ts";
import { withoutPunctuation } from "./vqa-text.ts";

const VIDEO_MME_PHRASES = [
  "The best answer is",
  "The correct answer is",
  "The answer is",
  "The answer",
  "Answer:",
  "Option:",
];
const LONG_VIDEO_PHRASES = [
  "The best answer is",
  "The correct answer is",
  "The answer is",
  "The answer",
  "The best option is",
  "The correct option is",
  "Best answer:",
  "Best option:",
];

/** Video-MME: by default the first letter A to D after known phrases, even inside a word. */
export function scoreVideoMme(item: Item, answer: string, profile: Profile): Score {
  const options = lettered(item.options);
  const gold = toText(item.golds[0] ?? "");
  if (profile === "strict") return scoreChoice(strictChoice(answer, options), gold, options);
  if (profile === "lmms-eval") return scoreChoice(rankedChoice(answer), gold, options);
  return scoreChoice(firstLetter(answer, VIDEO_MME_PHRASES, "ABCD"), gold, options);
}

/** LongVideoBench: the first letter A to E. Where there is none, the reference throws dice. */
export function scoreLongVideoBench(item: Item, answer: string, profile: Profile): Score {
  const options = lettered(item.options);
  const gold = toText(item.golds[0] ?? "");
  if (profile === "strict") return scoreChoice(strictChoice(answer, options), gold, options);
  return scoreChoice(firstLetter(answer, LONG_VIDEO_PHRASES, "ABCDE"), gold, options);
}

export function firstLetter(answer: string, phrases: readonly string[], letters: string): Choice {
  const rest = phrases.reduce((text, phrase) => text.replaceAll(phrase, ""), strip(answer));
  const letter = [...rest].find((character) => letters.includes(character));
  return letter === undefined ? { rule: "no letter" } : { letter, rule: "first letter" };
}

const PHRASE = /answer is|answer:|option is|best answer|correct answer|correct option/giu;
const LONE = new RegExp(`(?<!${PYTHON_WORD})[A-D](?!${PYTHON_WORD})`, "gu");

/**
 * The ranked extractor of lmms-eval: every standing letter gets the rank of its form; the highest
 * rank wins, then the last place.
 */
export function rankedChoice(answer: string): Choice {
  const text = strip(answer);
  const phrase = [...text.matchAll(PHRASE)][0];
  const phraseAt = phrase === undefined ? text.length : phrase.index + phrase[0].length;
  let best = { rank: -1, letter: "" };
  for (const { 0: letter, index } of text.matchAll(LONE)) {
    const rank = rankOf(text, index, phraseAt);
    if (rank >= best.rank) best = { rank, letter };
  }
  return best.rank < 0 ? { rule: "no letter" } : { letter: best.letter, rule: `rank ${best.rank}` };
}

function rankOf(text: string, at: number, phraseAt: number): number {
  if (at === 0) return 10;
  const next = text[at + 1];
  if (next === undefined || (at + 2 === text.length && next === ".")) return 9;
  if (at >= phraseAt) return 7;
  if (text[at - 1] === "(" && next === ")") return 6;
  const byMark: Readonly<Record<string, number>> = { ".": 5, ":": 4, ")": 3, " ": 2 };
  return byMark[next] ?? 0;
}

const LETTER_AND_TEXT = new RegExp(`^([A-E])\\.${PYTHON_SPACE}*[^\\n]+$`, "iu");
const STANDING = new RegExp(`(?<!${PYTHON_WORD})([a-e])(?!${PYTHON_WORD})`, "iu");

/** MVBench: the letter before a full stop, else the first standing letter; "a cat" is read as A. */
export function scoreMvbench(item: Item, answer: string, profile: Profile): Score {
  const options = lettered(item.options);
  const gold = item.options.indexOf(toText(item.golds[0] ?? ""));
  const found = profile === "strict" ? strictChoice(answer, options) : mvbenchChoice(answer);
  return scoreChoice(found, gold < 0 ? toText(item.golds[0] ?? "") : letterOf(gold), options);
}

export function mvbenchChoice(answer: string): Choice {
  const labelled = LETTER_AND_TEXT.exec(strip(answer))?.[1];
  if (labelled !== undefined) return { letter: labelled.toUpperCase(), rule: "letter and text" };
  const line = strip(answer.replace(/[\n\t]/g, " "));
  const bare = ["'", '"', ")", "("].reduce((text, c) => strip(text, c), withoutPunctuation(line));
  const letter = STANDING.exec(lower(strip(bare)))?.[1];
  return letter === undefined
    ? { rule: "no letter" }
    : { letter: letter.toUpperCase(), rule: "first standing letter" };
}
