import { describe, expect, test } from "vitest";
import { columns } from "../../src/backends/backend.ts";
import { ALL, using } from "./backends.ts";
import { randomValues, stridedOf, tensorOf } from "./values.ts";

const [ROWS, COLS] = [9, 21];

describe.each(ALL)("rows on $name", (candidate) => {
  const values = randomValues(ROWS * COLS, 1);
  const rowOf = (row: number) => values.subarray(row * COLS, (row + 1) * COLS);

  test("gatherRows copies rows of a view in any order", async () => {
    await using(candidate, async (backend) => {
      const x = stridedOf(backend, values, ROWS);
      const index = Int32Array.of(8, 0, 0, 5);
      const step = backend.begin();
      const [y] = await step.read(step.gatherRows(x, index));
      expect(y).toEqual(Float32Array.from([...index].flatMap((row) => [...rowOf(row)])));
    });
  });

  test("scatterRows overwrites those rows only", async () => {
    await using(candidate, async (backend) => {
      const x = stridedOf(backend, values, ROWS);
      const fresh = randomValues(2 * COLS, 2);
      const step = backend.begin();
      step.scatterRows(x, Int32Array.of(6, 1), step.input(fresh, 2));
      const wanted = values.slice();
      wanted.set(fresh.subarray(0, COLS), 6 * COLS);
      wanted.set(fresh.subarray(COLS), COLS);
      expect(await step.read(x)).toEqual([wanted]);
    });
  });

  test("add adds one view to another", async () => {
    await using(candidate, async (backend) => {
      const into = tensorOf(backend, values, ROWS);
      const x = stridedOf(backend, randomValues(ROWS * 8, 3), ROWS);
      const step = backend.begin();
      step.add(columns(into, 5, 8), x);
      const [sums, added] = await step.read(into, x);
      const wanted = values.map((value, i) => {
        const col = (i % COLS) - 5;
        return col < 0 || col >= 8 ? value : value + added![Math.floor(i / COLS) * 8 + col]!;
      });
      expect(sums).toEqual(wanted);
    });
  });
});
