import { expect, test } from "vitest";
import { addCount } from "./counts.ts";

test("counts add up, and only keys with a count stay", () => {
  const counts = new Map<string, number>();
  addCount(counts, "a", 2);
  addCount(counts, "b", 1);
  addCount(counts, "a", 3);
  addCount(counts, "b", -1);
  addCount(counts, "c", 0);
  expect([...counts]).toEqual([["a", 5]]);
});
