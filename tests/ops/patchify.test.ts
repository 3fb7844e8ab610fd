import { describe, expect, test } from "vitest";
import { ALL, REFERENCE, using } from "./backends.ts";
import { randomValues, stridedOf } from "./values.ts";

describe.each(ALL)("patchify on $name", (candidate) => {
  test("a patch is channel, then y, then x; patches go row by row", async () => {
    await using(candidate, async (backend) => {
      const step = backend.begin();
      // one tile of 4 × 4, patches of 2 × 2; a pixel is channel · 100 + y · 10 + x
      const pixels = Float32Array.from({ length: 48 }, (_, i) => {
        return Math.floor(i / 16) * 100 + Math.floor((i % 16) / 4) * 10 + (i % 4);
      });
      const [y] = await step.read(step.patchify(step.input(pixels, 1), 4, 2));
      const patch = (top: number, left: number) =>
        [0, 100, 200].flatMap((c) => [0, 1, 10, 11].map((at) => c + top * 10 + left + at));
      const wanted = [...patch(0, 0), ...patch(0, 2), ...patch(2, 0), ...patch(2, 2)];
      expect([...y!]).toEqual(wanted);
    });
  });

  test.each([
    [3, 64, 16],
    [2, 48, 16],
    [5, 6, 3],
  ])("%i tiles of %i px by %i", async (tiles, side, patch) => {
    const values = randomValues(tiles * 3 * side * side, 1);
    const [result, wanted] = await Promise.all(
      [candidate, REFERENCE].map((one) =>
        using(one, async (backend) => {
          const step = backend.begin();
          return await step.read(step.patchify(stridedOf(backend, values, tiles), side, patch));
        }),
      ),
    );
    expect(result).toEqual(wanted);
  });
});
