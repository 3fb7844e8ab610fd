import { expect, test } from "vitest";
import { LIMITS } from "../core/limits.ts";
import { wordsOf } from "./words.ts";

const text = (words: string, boxes: readonly number[]) => {
  return { text: words, boxes: Float32Array.from(boxes) };
};

test("a word has the box around its characters", () => {
  const found = wordsOf(
    text("ab\r\nc", [
      ...[0.1, 0.2, 0.15, 0.25],
      ...[0.15, 0.19, 0.2, 0.25],
      ...[0, 0, 0, 0],
      ...[0, 0, 0, 0],
      ...[0.5, 0.5, 0.6, 1.7],
    ]),
  );
  expect(found).toEqual([
    { text: "ab", box: [100, 190, 200, 250] },
    { text: "c", box: [500, 500, 600, 1000] },
  ]);
});

test("hostile layers have bounds", () => {
  expect(wordsOf(text("", []))).toEqual([]);
  expect(wordsOf(text("a", []))).toEqual([{ text: "a", box: [0, 0, 0, 0] }]);
  expect(wordsOf(text("a", [Number.NaN, 0, -5, 9]))[0]?.box).toEqual([0, 0, 0, 1000]);
  expect(wordsOf(text("a", [0.4, 0.9, 0.3, 0.1]))[0]?.box).toEqual([0, 0, 0, 0]);
  expect(wordsOf(text("a ".repeat(9000), []))).toHaveLength(LIMITS.inspection.wordsPerPage);
  const long = "a".repeat(200_000);
  expect(wordsOf(text(long, Array(800_000).fill(0.5)))[0]?.box).toEqual([500, 500, 500, 500]);
});
