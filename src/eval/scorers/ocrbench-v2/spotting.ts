// Text spotting by the end-to-end rule of ICDAR: boxes and their texts.

import { readLiteral } from "../../python/literal.ts";
import { toInteger } from "../../python/numbers.ts";
import { toText } from "../../python/print.ts";
import { strip } from "../../python/text.ts";
import { itemsOf, type PythonValue } from "../../python/value.ts";
import { area, type Box, commonArea, MAX_COORDINATE, overlapOfBoxes } from "./boxes.ts";

export interface Spot {
  readonly box: Box;
  readonly text: string;
}

const GROUP = /[[(]([^[\]()]*)[\])]/g;

/** `(x1, y1, x2, y2, text)` in a Python list, else in any brackets; each spot once. */
export function readSpots(answer: string): Spot[] {
  const literal = readLiteral(answer);
  const rows = literal === undefined ? readGroups(answer) : readRows(literal);
  const spots = new Map<string, Spot>();
  for (const row of rows) {
    const sides = row.slice(0, 4).map((side) => toInteger(strip(side)));
    if (sides.some((side) => side === undefined || side < 0n || side > MAX_COORDINATE)) continue;
    const box = sides.map(Number) as unknown as Box;
    const text = strip(strip(strip((row[4] ?? "").replaceAll("\n", "")), '"'), "'");
    spots.set(`${box},${text}`, { box, text });
  }
  return [...spots.values()];
}

function readRows(literal: PythonValue): string[][] {
  const rows = (itemsOf(literal) ?? []).map((item) => itemsOf(item) ?? []);
  return rows.filter((row) => row.length >= 5).map((row) => row.slice(0, 5).map(toText));
}

/** Brackets without inner brackets, split at their first four commas. */
function readGroups(answer: string): string[][] {
  return [...answer.matchAll(GROUP)].flatMap(([, inner = ""]) => {
    const parts = strip(inner).split(",");
    return parts.length < 5 ? [] : [[...parts.slice(0, 4), parts.slice(4).join(",")]];
  });
}

/** Gold polygons as their bounds. */
export function goldSpots(boxes: readonly (readonly number[])[], texts: readonly string[]): Spot[] {
  return boxes.slice(0, texts.length).map((box, at) => {
    const xs = box.filter((_, side) => side % 2 === 0);
    const ys = box.filter((_, side) => side % 2 === 1);
    const bounds: Box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
    return { box: bounds, text: unquote(texts[at]!) };
  });
}

/** The reference writes spots as lines, and reads quotes around a text as part of the format. */
function unquote(text: string): string {
  const line = text.replace(/[\r\n]/g, "");
  const inner = /^\s*"(.*)"\s*$/u.exec(line)?.[1];
  return inner === undefined ? line : inner.replaceAll("\\\\", "\\").replaceAll('\\"', '"');
}

const MIN_IOU = 0.5;
const MIN_COVERED = 0.5;
const IGNORED = "###";

/** F of precision and recall. A gold text of "###" hides the boxes that it covers. */
export function spottingScore(read: readonly Spot[], gold: readonly Spot[]): number {
  const spots = read.filter(({ box: [x1, y1, x2, y2] }) => x1 < x2 && y1 < y2);
  if (spots.length === 0 || gold.length === 0) return 0;
  const hidden = gold.filter(({ text }) => text === IGNORED);
  const wanted = gold.filter(({ text }) => text !== IGNORED);
  const counted = spots.filter(
    ({ box }) => !hidden.some((cover) => commonArea(box, cover.box) / area(box) > MIN_COVERED),
  );
  const free = new Set(counted);
  let right = 0;
  for (const target of wanted) {
    const found = [...free].find(({ box }) => overlapOfBoxes(box, target.box) > MIN_IOU);
    if (found === undefined) continue;
    free.delete(found);
    if (isSameText(target.text.toUpperCase(), unquote(found.text).toUpperCase())) right += 1;
  }
  if (right === 0) return 0;
  const [precision, recall] = [right / counted.length, right / wanted.length];
  return (2 * precision * recall) / (precision + recall);
}

const SPECIAL = "!?.:,*\"()·[]/'";

/** Equal, or equal without one special character at the gold's begin, end or both. */
function isSameText(gold: string, read: string): boolean {
  if (gold === read) return true;
  const characters = Array.from(gold);
  const [first, last] = [characters[0], characters.at(-1)];
  const begins = first !== undefined && SPECIAL.includes(first);
  const ends = last !== undefined && SPECIAL.includes(last);
  const isCut = (start: number, end?: number): boolean =>
    characters.slice(start, end).join("") === read;
  return (begins && isCut(1)) || (ends && isCut(0, -1)) || (begins && ends && isCut(1, -1));
}
