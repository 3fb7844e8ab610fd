import { expect } from "vitest";
import type { WeightFormat } from "../../src/core/dtype.ts";

export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/**
 * How far a kernel, whose sums are float32, may be from the reference, whose sums are float64.
 * Inputs of the tests are about 1 and so are results, unless a test says otherwise.
 */
export const TOLERANCE = Object.freeze({
  /** Values are only moved. */
  exact: { absolute: 0, relative: 0 },
  norm: { absolute: 1e-6, relative: 2e-6 },
  conv1d: { absolute: 5e-7, relative: 5e-7 },
  ssmScan: { absolute: 1e-6, relative: 1e-6 },
  attention: { absolute: 2e-6, relative: 5e-6 },
  tileAttention: { absolute: 2e-6, relative: 5e-6 },
  /** Queries, keys, values and softmax weights rounded to bf16, as the AMX kernels do. */
  tileAttentionBf16: { absolute: 1e-2, relative: 1e-2 },
  /** Added to a product's: next it is rounded to bf16, whose steps near 1 are 100 times it. */
  coarseGelu: { absolute: 4e-5, relative: 0 },
  logProbability: { absolute: 5e-7, relative: 5e-7 },
});

/** x · wᵀ with both sides rounded as the format says, so that only the order of sums differs. */
export const MATMUL_TOLERANCE: Readonly<Record<WeightFormat, Tolerance>> = Object.freeze({
  bf16: { absolute: 1e-6, relative: 1e-6 },
  fp8: { absolute: 1e-6, relative: 1e-6 },
  nvfp4: { absolute: 1e-6, relative: 1e-6 },
  int8: { absolute: 1e-6, relative: 2e-6 },
  int4: { absolute: 1e-6, relative: 2e-6 },
});

export function expectClose(
  actual: Float32Array,
  expected: Float32Array,
  { absolute, relative }: Tolerance,
  what = "",
): void {
  expect(actual.length, what).toBe(expected.length);
  const wrong = actual.findIndex((value, i) => {
    const wanted = expected[i]!;
    if (Object.is(value, wanted) || value === wanted) return false;
    return !(Math.abs(value - wanted) <= absolute + relative * Math.abs(wanted));
  });
  if (wrong < 0) return;
  const text = `${actual[wrong]} at ${wrong} instead of ${expected[wrong]}`;
  expect.fail(`${what}: ${text}, largest difference ${largestDifference(actual, expected)}`);
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}

/** Equal bit for bit. */
export function expectSame(actual: Float32Array, expected: Float32Array, what = ""): void {
  expect(actual.length, what).toBe(expected.length);
  const bits = new Uint32Array(actual.buffer, actual.byteOffset, actual.length);
  const wanted = new Uint32Array(expected.buffer, expected.byteOffset, expected.length);
  const wrong = bits.findIndex((value, i) => value !== wanted[i]);
  if (wrong < 0) return;
  expect.fail(`${what}: ${actual[wrong]} at ${wrong} instead of ${expected[wrong]}, bit for bit`);
}
