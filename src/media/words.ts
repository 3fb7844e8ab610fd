import { LIMITS } from "../core/limits.ts";
import type { PageText } from "./page-text.ts";

export interface Word {
  readonly text: string;
  /** Left, top, right, bottom in thousandths of the page. */
  readonly box: readonly [number, number, number, number];
}

/** The first LIMITS.inspection.wordsPerPage words of a page, separated by white space. */
export function wordsOf({ text, boxes }: Pick<PageText, "text" | "boxes">): Word[] {
  const words: Word[] = [];
  for (const { 0: word, index } of text.matchAll(/\S+/g)) {
    if (words.length === LIMITS.inspection.wordsPerPage) break;
    words.push({ text: word, box: around(boxes, index * 4, (index + word.length) * 4) });
  }
  return words;
}

function around(boxes: Float32Array, begin: number, end: number): Word["box"] {
  let [left, top, right, bottom] = [1, 1, 0, 0];
  for (let at = begin; at < Math.min(end, boxes.length - 3); at += 4) {
    left = Math.min(left, boxes[at]!);
    top = Math.min(top, boxes[at + 1]!);
    right = Math.max(right, boxes[at + 2]!);
    bottom = Math.max(bottom, boxes[at + 3]!);
  }
  if (left > right || top > bottom) return [0, 0, 0, 0]; // no box is known
  return [thousandths(left), thousandths(top), thousandths(right), thousandths(bottom)];
}

function thousandths(share: number): number {
  return Number.isFinite(share) ? Math.round(Math.min(1, Math.max(0, share)) * 1000) : 0;
}
