// Boxes of OCRBench v2: whole numbers from 0 to 1000, [x1, y1, x2, y2].

import { readLiteral } from "../../python/literal.ts";
import { toInteger, truncate } from "../../python/numbers.ts";
import { PYTHON_SPACE } from "../../python/text.ts";
import { itemsOf, type PythonValue } from "../../python/value.ts";
import { textScore } from "./text-rule.ts";

export type Box = readonly [number, number, number, number];

export const MAX_COORDINATE = 1000n;
const NUMBER = `${PYTHON_SPACE}*(\\p{Nd}+)${PYTHON_SPACE}*`;
const BOX = new RegExp(`[([]${[NUMBER, NUMBER, NUMBER, NUMBER].join(",")}[)\\]]`, "gu");

/** The last box in round or square brackets whose coordinates are in range. */
export function lastBox(text: string): Box | undefined {
  const boxes = [...text.matchAll(BOX)].map((match) => match.slice(1, 5).map(toInteger));
  const box = boxes.findLast((sides) =>
    sides.every((side) => side !== undefined && side <= MAX_COORDINATE),
  );
  return box?.map(Number) as Box | undefined;
}

/** Intersection over union. Each coordinate is cut to an integer; 0 where one is no number. */
export function overlap(a: readonly PythonValue[], b: readonly PythonValue[]): number {
  const [first, second] = [boxOf(a), boxOf(b)];
  if (first === undefined || second === undefined) return 0;
  return overlapOfBoxes(first, second);
}

/** Intersection over union; 0 for two boxes without area. */
export function overlapOfBoxes(a: Box, b: Box): number {
  const common = commonArea(a, b);
  const union = area(a) + area(b) - common;
  return union === 0 ? 0 : common / union;
}

export function commonArea(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  return Math.max(0, width) * Math.max(0, height);
}

export function area([x1, y1, x2, y2]: Box): number {
  return (x2 - x1) * (y2 - y1);
}

function boxOf(values: readonly PythonValue[]): Box | undefined {
  const sides = values.map(toWhole);
  if (sides.length < 4 || sides.includes(undefined)) return undefined;
  return sides.slice(0, 4).map(Number) as unknown as Box;
}

function toWhole(value: PythonValue): bigint | undefined {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return truncate(value);
  if (typeof value === "boolean") return value ? 1n : 0n;
  return typeof value === "string" ? toInteger(value) : undefined;
}

/** Half for the answer by the text rule, half for the overlap of the boxes. */
export function positionScore(
  fields: ReadonlyMap<string, string>,
  golds: readonly PythonValue[],
  box: readonly PythonValue[],
): number {
  const answer = fields.get("answer");
  const text = answer === undefined ? 0 : textScore(answer, golds);
  const read = fields.get("bbox");
  const sides = read === undefined ? undefined : itemsOf(readLiteral(read));
  return 0.5 * text + 0.5 * (sides === undefined ? 0 : overlap(sides, box));
}
