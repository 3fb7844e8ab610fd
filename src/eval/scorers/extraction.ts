// Finds the final answer in a longer text by rules, where the references ask a judge model.

import { printFloat, readFloat } from "../../core/python/floats.ts";
import { toInteger } from "../python/numbers.ts";
import { strip } from "../python/text.ts";

const MARKERS = ["extracted answer", "answer:", "answer is", "= "];
const BOX = "\\boxed{";

/** The text behind the last marker or in the last \boxed{}, else the last non-empty line. */
export function finalText(answer: string): string {
  // ASCII only, so that places stay those of the answer
  const plain = answer.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const marks = MARKERS.map((marker) => ({ at: plain.lastIndexOf(marker), size: marker.length }));
  const last = marks.reduce((best, mark) => (mark.at > best.at ? mark : best));
  const boxAt = answer.lastIndexOf(BOX);
  if (boxAt > last.at) return boxed(answer) ?? answer.slice(boxAt + BOX.length);
  return last.at >= 0 ? strip(answer.slice(last.at + last.size), " :*\n\t") : lastLine(answer);
}

/** The content of the last \boxed{}; undefined if there is none or it is not closed. */
export function boxed(answer: string): string | undefined {
  const begin = answer.lastIndexOf(BOX);
  if (begin < 0) return undefined;
  let depth = 1;
  for (let at = begin + BOX.length; at < answer.length; at += 1) {
    if (answer[at] === "{") depth += 1;
    if (answer[at] === "}") depth -= 1;
    if (depth === 0) return answer.slice(begin + BOX.length, at);
  }
  return undefined;
}

export function lastLine(answer: string): string {
  return strip(answer.split("\n").findLast((line) => strip(line) !== "") ?? "");
}

const NUMBER = /(?<![\p{L}\d_.])[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/giu;

/** The last number, without currency signs, percent signs and thousands commas. */
export function lastNumber(text: string): string | undefined {
  const bare = text.replace(/[$€£%]/g, "").replace(/,(?=\d)/g, "");
  const number = bare.match(NUMBER)?.at(-1);
  return number === undefined || readFloat(number) === undefined ? undefined : number;
}

/** The last list in brackets, its numbers printed as Python prints a list. */
export function lastList(text: string): string | undefined {
  const list = text.match(/\[[^[\]]*\]/g)?.at(-1);
  if (list === undefined) return undefined;
  const items = list.slice(1, -1).split(",");
  return `[${items.map((item) => printItem(strip(item))).join(", ")}]`;
}

function printItem(item: string): string {
  const whole = toInteger(item);
  if (whole !== undefined) return String(whole);
  const float = readFloat(item);
  return float === undefined ? item : printFloat(float);
}
