import { describe, expect, test } from "vitest";
import { ALL, REFERENCE, using } from "./backends.ts";
import { randomValues, stridedOf } from "./values.ts";

/** Widths that are and are not whole lanes. */
const SHAPES = [
  [5, 1],
  [4, 8],
  [7, 21],
  [256, 640],
] as const;

/** On that backend: different, equal, opposite and zero rows. */
async function distances(candidate: (typeof ALL)[number], rows: number, cols: number) {
  const x = randomValues(rows * cols, 1);
  const y = randomValues(rows * cols, 2);
  y.set(x.subarray(0, cols));
  y.set(
    x.subarray(cols, 2 * cols).map((value) => -value),
    cols,
  );
  x.fill(0, 2 * cols, 3 * cols);
  return await using(candidate, async (backend) => {
    const step = backend.begin();
    const [a, b] = [stridedOf(backend, x, rows), stridedOf(backend, y, rows)];
    const [found] = await step.read(step.cosineDistance(a, b));
    return found!;
  });
}

describe.each(ALL)("cosineDistance on $name", (candidate) => {
  test("equal rows give 0, opposite rows 2, zero rows 1", async () => {
    const found = await distances(candidate, 5, 24);
    expect(found[0]).toBeCloseTo(0, 6);
    expect(found[1]).toBeCloseTo(2, 6);
    expect(found[2]).toBe(1);
  });

  test("equals the reference bit for bit", async () => {
    for (const [rows, cols] of SHAPES) {
      const wanted = await distances(REFERENCE, rows, cols);
      expect(await distances(candidate, rows, cols)).toEqual(wanted);
    }
  });
});
