import { toText } from "../python/print.ts";
import type { Item, Profile, Score } from "../types.ts";
import { graded } from "./outcome.ts";
import { normaliseVqa } from "./vqa-text.ts";

const AGREEING = 3;

/**
 * TextVQA: for each annotator, a third for every other annotator who gave this answer, at most 1;
 * then the mean.
 */
export function scoreVqaAccuracy(item: Item, answer: string, profile: Profile): Score {
  const read = normaliseVqa(answer, profile);
  const golds = item.golds.map((gold) => normaliseVqa(toText(gold), profile));
  const matches = golds.filter((gold) => gold === read).length;
  const sum = golds.reduce((total, gold) => {
    const others = gold === read ? matches - 1 : matches;
    return total + Math.min(1, others / AGREEING);
  }, 0);
  return graded(golds.length === 0 ? 0 : sum / golds.length, read, "VQA accuracy");
}
