import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resizeCoefficients, resizeRgb, WEIGHT_BITS } from "./resize.ts";

function noise(width: number, height: number): Uint8Array {
  let state = 12345;
  return Uint8Array.from({ length: width * height * 3 }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> 24;
  });
}

describe("resizing", () => {
  test("weights add up to one", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 900 }),
        fc.integer({ min: 1, max: 300 }),
        (from, to) => {
          const { taps, starts, counts, weights } = resizeCoefficients(from, to);
          for (let o = 0; o < to; o++) {
            const sum = weights
              .subarray(o * taps, o * taps + counts[o]!)
              .reduce((a, b) => a + b, 0);
            expect(Math.abs(sum - 2 ** WEIGHT_BITS)).toBeLessThanOrEqual(taps);
            expect(starts[o]! >= 0 && starts[o]! + counts[o]! <= from).toBe(true);
            expect(counts[o]).toBeLessThanOrEqual(taps);
          }
        },
      ),
      { numRuns: 100, seed: 3 },
    );
  });

  test("to the same size changes nothing", () => {
    const image = { rgb: noise(7, 5), width: 7, height: 5 };
    expect(resizeRgb(image, 7, 5)).toBe(image);
  });

  test.each([
    [1, 1, 64, 64],
    [1, 300, 16, 8],
    [300, 1, 8, 16],
    [17, 13, 5, 7],
  ])("one colour stays one colour: %i x %i to %i x %i", (width, height, toWidth, toHeight) => {
    const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => [9, 128, 255][i % 3]!);
    const resized = resizeRgb({ rgb, width, height }, toWidth, toHeight);
    expect(resized.rgb.every((value, i) => value === [9, 128, 255][i % 3])).toBe(true);
    expect(resized.rgb.length).toBe(toWidth * toHeight * 3);
  });

  test("overshoot is cut off, not wrapped around", () => {
    const rgb = Uint8Array.from({ length: 8 * 3 }, (_, i) => (i < 12 ? 0 : 255));
    const { rgb: wide } = resizeRgb({ rgb, width: 8, height: 1 }, 64, 1);
    for (let x = 1; x < 64; x++) expect(wide[x * 3]! >= wide[x * 3 - 3]! - 40).toBe(true);
    expect([wide[0], wide[63 * 3]]).toEqual([0, 255]);
  });
});
