import { toText } from "../python/print.ts";
import { lower, strip } from "../python/text.ts";
import type { Item, Profile, Score } from "../types.ts";
import { graded } from "./outcome.ts";

/** The group whose golds are formulas: case counts, blanks do not. */
export const FORMULAS = "Handwritten Mathematical Expression Recognition";

/** OCRBench: an answer that contains any of the golds is right. */
export function scoreOcrbench(item: Item, answer: string, profile: Profile): Score {
  const isFormula = item.groups.type === FORMULAS || item.groups.dataset === "HME100k";
  const fold = profile === "lmms-eval" ? foldWidth : (text: string): string => text;
  const plain = (text: string): string => {
    const line = strip(fold(text)).replaceAll("\n", " ");
    return isFormula ? line.replaceAll(" ", "") : lower(line);
  };
  const read = plain(answer);
  const isFound = item.golds.some((gold) => read.includes(plain(toText(gold))));
  return graded(isFound ? 1 : 0, read, isFormula ? "contains formula" : "contains text");
}

/** Full-width ASCII and the ideographic blank as ASCII. */
function foldWidth(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .replaceAll("\u3000", " ");
}
