import { expect, test } from "vitest";
import { allowedEdits, isWithin } from "./fuzzy.ts";

/** The whole table of Levenshtein's distance, slow and literal. */
function distance(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  const [restA, restB] = [a.slice(1), b.slice(1)];
  const replaced = distance(restA, restB) + (a[0] === b[0] ? 0 : 1);
  return Math.min(replaced, distance(restA, b) + 1, distance(a, restB) + 1);
}

test("words are near when the distance between them allows it", () => {
  const words = ["", "a", "ab", "ba", "abc", "acb", "abab", "baba", "abcab", "bcabc", "cabca"];
  for (const a of words) {
    for (const b of words) {
      for (const max of [0, 1, 2]) {
        expect(isWithin(a, b, max), `${a} ${b} ${max}`).toBe(distance(a, b) <= max);
      }
    }
  }
});

test("short words have no misspellings, long ones have two edits", () => {
  expect(["page", "pages", "document", "documents"].map(allowedEdits)).toEqual([0, 1, 1, 2]);
});
