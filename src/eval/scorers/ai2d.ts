import { toText } from "../python/print.ts";
import { lower, PYTHON_SPACE } from "../python/text.ts";
import type { Item, Profile, Score } from "../types.ts";
import { inferChoice, lettered, scoreChoice, strictChoice } from "./choice.ts";
import { graded } from "./outcome.ts";

const LETTER_AND_DOT = new RegExp(`^${PYTHON_SPACE}*([A-Z])\\.`, "u");
const PUNCTUATION = /[!-/:-@[-`{-~]/g;

/** AI2D. lmms-eval compares texts exactly, without punctuation; the others look for a letter. */
export function scoreAi2d(item: Item, answer: string, profile: Profile): Score {
  const gold = toText(item.golds[0] ?? "");
  const options = lettered(item.options);
  if (profile === "strict") return scoreChoice(strictChoice(answer, options), gold, options);
  if (profile !== "lmms-eval") return scoreChoice(inferChoice(answer, options), gold, options);
  const read = LETTER_AND_DOT.exec(answer)?.[1] ?? answer;
  const bare = (text: string): string => lower(text).replace(PUNCTUATION, "");
  return graded(bare(read) === bare(gold) ? 1 : 0, read, "exact text");
}
