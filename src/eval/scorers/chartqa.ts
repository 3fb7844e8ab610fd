import { readFloat } from "../../core/python/floats.ts";
import { toText } from "../python/print.ts";
import { lower, strip, stripEnd } from "../python/text.ts";
import type { Item, Profile, Score } from "../types.ts";
import { graded } from "./outcome.ts";

const TOLERANCE = 0.05;

/** ChartQA: numbers within 5 % of the gold one, or the same text. */
export function scoreChartqa(item: Item, answer: string, profile: Profile): Score {
  const read = profile === "lmms-eval" ? answer : strip(answer);
  const isRight = item.golds.some((gold) => isRelaxedMatch(read, toText(gold)));
  return graded(isRight ? 1 : 0, read, "relaxed");
}

/** A gold of 0 counts as a text, as in the reference, where 0 is false. */
export function isRelaxedMatch(answer: string, gold: string): boolean {
  const [x, g] = [toRatio(answer), toRatio(gold)];
  if (x === undefined || g === undefined || g === 0) return lower(answer) === lower(gold);
  return Math.abs(x - g) / Math.abs(g) <= TOLERANCE;
}

function toRatio(text: string): number | undefined {
  if (!text.endsWith("%")) return readFloat(text);
  const percent = readFloat(stripEnd(text, "%"));
  return percent === undefined ? undefined : percent / 100;
}
