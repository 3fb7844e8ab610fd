import { describe, test } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import { CPU, cpuCandidate, KERNEL_SETS, REFERENCE, using } from "./backends.ts";
import { expectClose, expectSame, TOLERANCE } from "./tolerance.ts";
import { randomValues, stridedOf } from "./values.ts";

const SHAPES = [
  { tiles: 1, tokens: 1, heads: 2, dim: 16 },
  { tiles: 3, tokens: 5, heads: 1, dim: 16 },
  { tiles: 2, tokens: 24, heads: 4, dim: 16 },
  { tiles: 2, tokens: 17, heads: 3, dim: 40 },
  { tiles: 1, tokens: 64, heads: 2, dim: 80 },
  { tiles: 2, tokens: 70, heads: 2, dim: 80 },
];
type Shape = (typeof SHAPES)[number];

async function run(backend: Backend, { tiles, tokens, heads, dim }: Shape, only?: number) {
  const cols = 3 * heads * dim;
  const all = randomValues(tiles * tokens * cols, 1, 2);
  const rows = only === undefined ? tiles * tokens : tokens;
  const from = (only ?? 0) * tokens * cols;
  const qkv = stridedOf(backend, all.subarray(from, from + rows * cols), rows);
  const step = backend.begin();
  const [y] = await step.read(step.tileAttention(qkv, tokens, heads, dim ** -0.5));
  return y!;
}

describe.each(SHAPES)("tile-attention, $tiles × $tokens tokens, $heads heads of $dim", (shape) => {
  test.each(CPU)("on $name is as in the reference", async (candidate) => {
    const wanted = await using(REFERENCE, (backend) => run(backend, shape));
    const rounded = candidate.kernelSet === "amx";
    const result = await using(candidate, (backend) => run(backend, shape));
    const tolerance = rounded ? TOLERANCE.tileAttentionBf16 : TOLERANCE.tileAttention;
    expectClose(result, wanted, tolerance);
    const exact = await using(candidate, (backend) => run(backend, shape), true);
    expectClose(exact, wanted, TOLERANCE.tileAttention, "exact");
  });

  test.each(CPU)("on $name does not see other tiles", async (candidate) => {
    await using(candidate, async (backend) => {
      const whole = await run(backend, shape);
      const length = whole.length / shape.tiles;
      for (let tile = 0; tile < shape.tiles; tile++) {
        const alone = await run(backend, shape, tile);
        expectSame(alone, whole.subarray(tile * length, (tile + 1) * length), `tile ${tile}`);
      }
    });
  });

  test.each(KERNEL_SETS)("with %s two threads equal one bit for bit", async (kernelSet) => {
    const one = await using(cpuCandidate(kernelSet, 1), (backend) => run(backend, shape));
    const two = await using(cpuCandidate(kernelSet, 2), (backend) => run(backend, shape));
    expectSame(two, one);
  });
});

describe.each([60, 80, 500])("a last key whose score is %s above the others", (distance) => {
  const [tokens, dim] = [70, 16];
  const score = (backend: Backend) => {
    const values = Array.from({ length: tokens }, (_, token) => [
      ...Array.from({ length: dim }, () => 1), // query
      ...Array.from({ length: dim }, () => (token === tokens - 1 ? distance : 0) / dim), // key
      ...Array.from({ length: dim }, (_, d) => (token === tokens - 1 ? d : 100)), // value
    ]);
    const qkv = stridedOf(backend, Float32Array.from(values.flat()), tokens);
    const step = backend.begin();
    return step.read(step.tileAttention(qkv, tokens, 1, 1));
  };

  test.each(CPU)("on $name uses all of the weight", async (candidate) => {
    const [y] = await using(candidate, score);
    const wanted = Float32Array.from({ length: tokens * dim }, (_, i) => i % dim);
    expectClose(y!, wanted, TOLERANCE.tileAttentionBf16);
  });
});
