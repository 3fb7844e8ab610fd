import { describe, expect, test } from "vitest";
import { columns } from "../../src/backends/backend.ts";
import { ALL, using } from "./backends.ts";
import { randomValues, stridedOf, zeros } from "./values.ts";

describe.each(ALL)("tile-tokens on $name", (candidate) => {
  test.each([
    [2, 3, 4],
    [1, 1, 16],
    [3, 0, 9],
  ])("%i tiles, %i prefix rows, %i patches", async (...sizes) => {
    const [tiles, prefixRows, patchRows] = sizes;
    const cols = 21;
    const patches = randomValues(tiles * patchRows * cols, 1);
    const prefix = randomValues(Math.max(prefixRows, 1) * cols, 2);
    const position = randomValues(patchRows * cols, 3);
    await using(candidate, async (backend) => {
      const into = columns(zeros(backend, tiles * (prefixRows + patchRows), cols + 4), 1, cols);
      const first = { ...stridedOf(backend, prefix, Math.max(prefixRows, 1)), rows: prefixRows };
      const step = backend.begin();
      step.tileTokens(
        stridedOf(backend, patches, tiles * patchRows),
        first,
        stridedOf(backend, position, patchRows),
        into,
      );
      const [y] = await step.read(into);
      const wanted = Array.from({ length: tiles }, (_, tile) => [
        ...prefix.subarray(0, prefixRows * cols),
        ...position.map((value, i) => patches[tile * patchRows * cols + i]! + value),
      ]);
      expect(y).toEqual(Float32Array.from(wanted.flat()));
    });
  });
});
