// Normalisation of answers as the VQA challenge (EvalAI) does it.

import { lower, strip, words } from "../python/text.ts";
import type { Profile } from "../types.ts";
import { CONTRACTIONS } from "./contractions.ts";

const PUNCTUATION = [...';/[]"{}()=+\\_->', "<", "@", "`", ",", "?", "!"];
const COMMA_IN_NUMBER = /\p{Nd},+\p{Nd}/u;
const FULL_STOP = /\.(?!\p{Nd})/gu;
/** The reference passes re.UNICODE where the number of replacements belongs; its value is 32. */
const MAX_FULL_STOPS = 32;
const ARTICLES = new Set(["a", "an", "the"]);
const NUMBERS: ReadonlyMap<string, string> = new Map([
  ["none", "0"],
  ["zero", "0"],
  ["one", "1"],
  ["two", "2"],
  ["three", "3"],
  ["four", "4"],
  ["five", "5"],
  ["six", "6"],
  ["seven", "7"],
  ["eight", "8"],
  ["nine", "9"],
  ["ten", "10"],
]);

/** An answer without articles, case and punctuation, with digits for numbers up to ten. */
export function normaliseVqa(text: string, profile: Profile): string {
  const given = profile === "lmms-eval" ? splitPossessive(text) : text;
  const line = strip(given.replace(/[\n\t]/g, " "));
  return withoutArticles(withoutPunctuation(line));
}

function splitPossessive(text: string): string {
  return strip(lower(text).replace(/[,?]/g, "").replaceAll("'s", " 's"));
}

/** A mark is dropped if it stands beside a blank anywhere in the text; else it becomes a blank. */
export function withoutPunctuation(text: string): string {
  const dropsAll = COMMA_IN_NUMBER.test(text);
  const spaced = PUNCTUATION.reduce((rest, mark) => {
    const isDropped = dropsAll || text.includes(`${mark} `) || text.includes(` ${mark}`);
    return rest.replaceAll(mark, isDropped ? "" : " ");
  }, text);
  return withoutFullStops(spaced);
}

/** Drops the first full stops that no digit follows. */
export function withoutFullStops(text: string): string {
  let count = 0;
  return text.replace(FULL_STOP, () => {
    count += 1;
    return count <= MAX_FULL_STOPS ? "" : ".";
  });
}

function withoutArticles(text: string): string {
  return words(lower(text))
    .map((word) => NUMBERS.get(word) ?? word)
    .filter((word) => !ARTICLES.has(word))
    .map((word) => CONTRACTIONS.get(word) ?? word)
    .join(" ");
}
