import { expect, test } from "vitest";
import { paintGifBackground } from "./gif.ts";

const RED_BLUE = [255, 0, 0, 0, 0, 255];
const BLUE_RED = [0, 0, 255, 255, 0, 0];

/** A GIF of 2 × 1 pixels up to its first frame, which is one pixel wide. */
function gif({ palette = true, own = false, transparent = false, left = 0 } = {}): Uint8Array {
  const control = transparent ? [0x21, 0xf9, 4, 1, 0, 0, 0, 0] : [];
  return Uint8Array.from([
    ...Buffer.from("GIF89a"),
    ...[2, 0, 1, 0, palette ? 0x80 : 0, 1, 0],
    ...(palette ? RED_BLUE : []),
    ...control,
    ...[0x2c, left, 0, 0, 0, 1, 0, 1, 0, own ? 0x80 : 0],
    ...(own ? BLUE_RED : []),
  ]);
}

const shown = (file: Uint8Array): number[] => {
  const rgb = Uint8Array.from([9, 9, 9, 9, 9, 9]);
  return [...paintGifBackground(file, { rgb, width: 2, height: 1 }).rgb];
};

test("what the first frame leaves free has the first colour of its palette", () => {
  expect(shown(gif())).toEqual([9, 9, 9, 255, 0, 0]);
  expect(shown(gif({ left: 1 }))).toEqual([255, 0, 0, 9, 9, 9]);
  expect(shown(gif({ own: true }))).toEqual([9, 9, 9, 0, 0, 255]);
  expect(shown(gif({ own: true, palette: false }))).toEqual([9, 9, 9, 0, 0, 255]);
});

test("without a palette, with a transparent colour or cut short nothing is painted", () => {
  const untouched = [9, 9, 9, 9, 9, 9];
  expect(shown(gif({ palette: false }))).toEqual(untouched);
  expect(shown(gif({ transparent: true }))).toEqual(untouched);
  expect(shown(gif().subarray(0, 15))).toEqual(untouched);
});
