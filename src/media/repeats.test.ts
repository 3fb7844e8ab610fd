import { expect, test } from "vitest";
import { RepeatFinder } from "./repeats.ts";

function flat(value: number, spot = value) {
  const rgb = new Uint8Array(4 * 4 * 3).fill(value);
  rgb[7] = spot;
  return { rgb, width: 4, height: 4 };
}

test("frames with equal pixels are one, at any distance", () => {
  const finder = new RepeatFinder();
  const frames = [flat(1), flat(2), flat(1), flat(2), flat(2, 3)].map((f) => finder.find(f));
  expect(new Set(frames).size).toBe(3);
  expect(frames[2]).toBe(frames[0]);
  expect(frames[3]).toBe(frames[1]);
});

test("nearly equal frames are different unless requested otherwise", () => {
  const [one, almost] = [flat(10), flat(10, 40)];
  expect(new RepeatFinder().find(almost)).toBe(almost);
  const finder = new RepeatFinder(1); // 30 of 48 bytes' sum is below 1 on average
  finder.find(one);
  expect(finder.find(almost)).toBe(one);
});

test("a slow change counts from its beginning", () => {
  const finder = new RepeatFinder(3);
  const found = Array.from({ length: 9 }, (_, i) => finder.find(flat(i)).rgb[0]);
  expect(found).toEqual([0, 0, 0, 3, 3, 3, 6, 6, 6]);
});
