import { readFloat } from "../../core/python/floats.ts";
import { toInteger } from "../python/numbers.ts";
import { toText } from "../python/print.ts";
import { strip } from "../python/text.ts";
import type { Item, Score } from "../types.ts";
import { inferChoice, lettered, scoreChoice } from "./choice.ts";
import { boxed, lastLine } from "./extraction.ts";
import { graded, unparsed } from "./outcome.ts";

/**
 * OCR-Reasoning: the whole answer, else the final answer found by rule, equals the gold one. The
 * reference asks a judge for the final answer, and another for the reasoning, which is not scored
 * here.
 */
export function scoreOcrReasoning(item: Item, answer: string): Score {
  const gold = toText(item.golds[0] ?? "");
  const type = toText(item.fields.answer_type ?? "text");
  if (item.options.length > 0) {
    const options = lettered(item.options);
    const whole = inferChoice(answer, options);
    const found = whole.letter === undefined ? inferChoice(finalOf(item, answer), options) : whole;
    return scoreChoice(found, gold, options);
  }
  if (isSameAnswer(answer, gold, type)) return graded(1, strip(answer), "whole answer");
  const read = finalOf(item, answer);
  if (read === "") return unparsed("no final answer");
  return graded(isSameAnswer(read, gold, type) ? 1 : 0, read, "final answer");
}

/** Equal as int, as float, or as text without blanks; case, units and signs count. */
export function isSameAnswer(answer: string, gold: string, type: string): boolean {
  if (type === "integer") {
    const whole = toInteger(answer);
    return whole !== undefined && whole === toInteger(gold);
  }
  if (type === "float") {
    const float = readFloat(answer);
    return float !== undefined && float === readFloat(gold);
  }
  return answer.replaceAll(" ", "") === gold.replaceAll(" ", "");
}

/** The text behind the wanted prefix in its last line, else a box, else the last line. */
function finalOf(item: Item, answer: string): string {
  const prefix = prefixOf(toText(item.fields.format ?? ""));
  if (prefix !== "") {
    const line = answer.split("\n").findLast((text) => text.includes(prefix));
    if (line !== undefined) return strip(line.slice(line.lastIndexOf(prefix) + prefix.length));
  }
  return strip(boxed(answer) ?? lastLine(answer));
}

/** The literal beginning of a format such as "Answer: <number>". */
function prefixOf(format: string): string {
  return strip(format.split(/[<[{(（]|\.\.\.|…|xx/u)[0] ?? "");
}
