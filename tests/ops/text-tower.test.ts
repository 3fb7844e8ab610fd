// The ops that the retrieval models' text tower needs beside the shared ones.
import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import { ALL, CPU, cpuCandidate, KERNEL_SETS, REFERENCE, using } from "./backends.ts";
import { expectClose, expectSame, TOLERANCE } from "./tolerance.ts";
import { randomValues, stridedOf, tensorOf } from "./values.ts";

const POSITIONS = 50;
const HEADS = [
  { heads: 3, dim: 16 },
  { heads: 2, dim: 64 },
  { heads: 1, dim: 6 },
];

/** Angles of consecutive positions, as real checkpoints have them. */
function anglesOf(dim: number): Float32Array {
  const half = dim / 2;
  return Float32Array.from({ length: POSITIONS * dim }, (_, i) => {
    const [position, d] = [Math.floor(i / dim), i % dim];
    const angle = position * 10_000 ** -((d % half) / half);
    return d < half ? Math.cos(angle) : Math.sin(angle);
  });
}

async function turned(backend: Backend, heads: number, dim: number, positions: number[]) {
  const x = stridedOf(backend, randomValues(positions.length * heads * dim, 3), positions.length);
  const angles = tensorOf(backend, anglesOf(dim), POSITIONS);
  const step = backend.begin();
  const [y] = await step.read(step.rope(x, angles, Int32Array.from(positions)));
  return y!;
}

describe.each(HEADS)("rope of $heads heads of $dim", ({ heads, dim }) => {
  test.each(CPU)("on $name is as in the reference, whatever stands beside a row", async (on) => {
    const positions = [0, 49, 7, 7, 1, 23, 2];
    const wanted = await using(REFERENCE, (backend) => turned(backend, heads, dim, positions));
    const result = await using(on, (backend) => turned(backend, heads, dim, positions));
    expectClose(result, wanted, TOLERANCE.norm);
    const alone = await using(on, (backend) => turned(backend, heads, dim, positions.slice(0, 3)));
    expectSame(alone, result.subarray(0, alone.length));
  });

  test("leaves position 0 as it is and keeps the length of every pair", async () => {
    const y = await using(REFERENCE, (backend) => turned(backend, heads, dim, [0, 31]));
    const x = randomValues(2 * heads * dim, 3);
    expect(y.subarray(0, heads * dim)).toEqual(x.subarray(0, heads * dim));
    for (let d = 0; d < dim / 2; d++) {
      const [a, b] = [heads * dim + d, heads * dim + d + dim / 2];
      expect(Math.hypot(y[a]!, y[b]!)).toBeCloseTo(Math.hypot(x[a]!, x[b]!), 5);
    }
  });
});

describe.each([1, 7, 16, 40, 130])("swiglu of %i columns", (cols) => {
  const run = async (backend: Backend, rows: number) => {
    const gate = stridedOf(backend, randomValues(rows * cols, 4, 6), rows);
    const up = stridedOf(backend, randomValues(rows * cols, 5), rows);
    const step = backend.begin();
    const [y] = await step.read(step.swiglu(gate, up));
    return y!;
  };

  test.each(CPU)("on $name is as in the reference", async (candidate) => {
    for (const rows of [1, 5, 17]) {
      const wanted = await using(REFERENCE, (backend) => run(backend, rows));
      expectClose(await using(candidate, (backend) => run(backend, rows)), wanted, TOLERANCE.norm);
    }
  });
});

describe.each(ALL)("meanRows on $name", (candidate) => {
  const spans = [3, 1, 200, 17];
  const run = (counts: readonly number[], from: number, cols: number) =>
    using(candidate, async (backend) => {
      const total = spans.reduce((a, b) => a + b);
      const all = randomValues(total * cols, 6, 100);
      const rows = counts.reduce((a, b) => a + b);
      const x = stridedOf(backend, all.subarray(from * cols, (from + rows) * cols), rows);
      let row = 0;
      const words = counts.flatMap((count) => {
        row += count;
        return [row - count, count, 0, 0, 0];
      });
      const batch = { rows, spans: Int32Array.from(words), pages: new Int32Array(0) };
      const step = backend.begin();
      const [y] = await step.read(step.meanRows(x, batch));
      return y!;
    });

  test("is the mean of each span, rounded once, and the same alone", async () => {
    for (const cols of [1, 24, 300]) {
      const means = await run(spans, 0, cols);
      const values = randomValues(spans.reduce((a, b) => a + b) * cols, 6, 100);
      let from = 0;
      for (const [i, count] of spans.entries()) {
        const wanted = Float32Array.from({ length: cols }, (_, c) => {
          let sum = 0;
          for (let r = 0; r < count; r++) sum += values[(from + r) * cols + c]!;
          return sum / count;
        });
        const found = means.subarray(i * cols, (i + 1) * cols);
        expectSame(found, wanted, `span ${i} of ${cols} columns`);
        expectSame(await run([count], from, cols), found, `span ${i} alone`);
        from += count;
      }
    }
  });
});

test.each(KERNEL_SETS)("with %s two threads equal one bit for bit", async (kernelSet) => {
  const run = (backend: Backend) => turned(backend, 5, 32, [4, 0, 9, 30, 2]);
  const one = await using(cpuCandidate(kernelSet, 1), run);
  expectSame(await using(cpuCandidate(kernelSet, 2), run), one);
});
