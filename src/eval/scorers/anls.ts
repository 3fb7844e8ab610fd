import { textDistance } from "../levenshtein.ts";
import { toText } from "../python/print.ts";
import { length, lower, words } from "../python/text.ts";
import type { Item, Score } from "../types.ts";
import { graded } from "./outcome.ts";

const MIN_SIMILARITY = 0.5;

/** DocVQA and InfographicVQA: the similarity to the nearest gold; 0 below one half. */
export function scoreAnls(item: Item, answer: string): Score {
  const best = Math.max(0, ...item.golds.map((gold) => similarity(answer, toText(gold))));
  return graded(best < MIN_SIMILARITY ? 0 : best, answer, "ANLS");
}

/** Texts are compared in lower case with single blanks, but divided by their original length. */
function similarity(answer: string, gold: string): number {
  const plain = (text: string): string => words(lower(text)).join(" ");
  const size = Math.max(length(answer.toUpperCase()), length(gold.toUpperCase()));
  return size === 0 ? 1 : 1 - textDistance(plain(answer), plain(gold)) / size;
}
