import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import { CPU, REFERENCE, using } from "./backends.ts";
import { expectClose, expectSame, TOLERANCE } from "./tolerance.ts";
import { randomValues, stridedOf, tensorOf } from "./values.ts";

const SHAPES = [1, 2, 3, 5, 16, 17, 33].flatMap((rows) =>
  [1, 7, 16, 40, 96, 328, 1280].map((cols) => [rows, cols] as const),
);
const EPS = 1e-5;

async function runAll(backend: Backend, rows: number, cols: number): Promise<Float32Array[]> {
  const x = stridedOf(backend, randomValues(rows * cols, 1, 3), rows);
  const gate = stridedOf(backend, randomValues(rows * cols, 2, 6), rows);
  const weight = tensorOf(backend, randomValues(cols, 3), 1);
  const bias = tensorOf(backend, randomValues(cols, 4), 1);
  const step = backend.begin();
  const groups = [1, 2, 8].filter((count) => cols % count === 0);
  return await step.read(
    step.rmsNorm(x, weight, EPS),
    step.layerNorm(x, weight, bias, EPS),
    ...groups.map((count) => step.gatedNorm(x, gate, weight, count, EPS)),
  );
}

describe.each(CPU)("norms on $name", (candidate) => {
  test("every shape is as in the reference, and no row depends on the others", async () => {
    await using(candidate, (backend) =>
      using(REFERENCE, async (reference) => {
        const first = new Map<number, Float32Array[]>();
        for (const [rows, cols] of SHAPES) {
          const results = await runAll(backend, rows, cols);
          const wanted = await runAll(reference, rows, cols);
          const what = `[${rows}, ${cols}]`;
          results.forEach((result, i) => {
            // the mean of one number is itself: what is left of it is rounding times 1 / √eps
            if (i === 1 && cols === 1) return;
            expectClose(result, wanted[i]!, TOLERANCE.norm, `${what}, result ${i}`);
          });
          if (rows === 1) first.set(cols, results);
          first.get(cols)!.forEach((row, i) => {
            expectSame(results[i]!.subarray(0, cols), row, what);
          });
        }
      }),
    );
  });
});

test("the reference normalises by its formulas", async () => {
  await using(REFERENCE, async (backend) => {
    const step = backend.begin();
    const x = step.input(Float32Array.of(3, 4), 1);
    const ones = step.input(Float32Array.of(1, 2), 1);
    const gate = step.input(Float32Array.of(0, 100), 1);
    const [rms, layer, gated] = await step.read(
      step.rmsNorm(x, ones, 0),
      step.layerNorm(x, ones, ones, 0),
      step.gatedNorm(x, gate, ones, 1, 0),
    );
    const scale = Math.sqrt(12.5);
    expectClose(rms!, Float32Array.of(3 / scale, 8 / scale), TOLERANCE.norm);
    expect(layer).toEqual(Float32Array.of(0, 4));
    expectClose(gated!, Float32Array.of(0, 2 * Math.SQRT2), TOLERANCE.norm);
  });
});
