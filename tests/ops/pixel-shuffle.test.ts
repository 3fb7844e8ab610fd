import { describe, expect, test } from "vitest";
import { ALL, using } from "./backends.ts";
import { randomValues, stridedOf } from "./values.ts";

describe.each(ALL)("pixel-shuffle on $name", (candidate) => {
  test.each([
    [1, 0, 2],
    [2, 3, 4],
    [3, 16, 8],
  ])("%i tiles, %i prefix rows, grid of %i", async (...sizes) => {
    const [tiles, prefix, grid] = sizes;
    const cols = 5;
    const tokens = prefix + grid * grid;
    const values = randomValues(tiles * tokens * cols, 1);
    const rowOf = (tile: number, row: number, column: number) => {
      const at = (tile * tokens + prefix + row * grid + column) * cols;
      return values.subarray(at, at + cols);
    };
    const wanted: number[] = [];
    for (let tile = 0; tile < tiles; tile++) {
      for (let row = 0; row < grid; row += 2) {
        for (let column = 0; column < grid; column += 2) {
          wanted.push(...rowOf(tile, row, column), ...rowOf(tile, row, column + 1));
          wanted.push(...rowOf(tile, row + 1, column), ...rowOf(tile, row + 1, column + 1));
        }
      }
    }
    await using(candidate, async (backend) => {
      const step = backend.begin();
      const x = stridedOf(backend, values, tiles * tokens);
      const [y] = await step.read(step.pixelShuffle(x, prefix, grid));
      expect(y).toEqual(Float32Array.from(wanted));
    });
  });
});
