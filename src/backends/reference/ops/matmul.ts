import type { WeightFormat } from "../../../core/dtype.ts";
import { bf16ToF32, f32ToBf16 } from "../../../core/dtype.ts";
import type { MatmulOptions } from "../../backend.ts";
import { BLOCK_COLS, roundBlockToInt8 } from "./round.ts";
import { dot, rowOf, type View } from "./view.ts";

export interface MatmulArgs {
  readonly x: View;
  /** [outputs, inputs], as plain numbers whatever the format. */
  readonly weights: Float32Array;
  readonly format: WeightFormat;
  readonly exactActivations: boolean;
  readonly bias: Float32Array | undefined;
  readonly activation: MatmulOptions["activation"];
  readonly accumulate: boolean;
  readonly y: View;
}

export function matmul({ x, weights, y, bias, activation, accumulate, ...how }: MatmulArgs): void {
  for (let r = 0; r < x.rows; r++) {
    const from = roundActivations(rowOf(x, r), how.format, how.exactActivations);
    const to = rowOf(y, r);
    for (let n = 0; n < y.cols; n++) {
      const product = dot(from, weights.subarray(n * x.cols, (n + 1) * x.cols));
      const value = activate(product + (bias?.[n] ?? 0), activation);
      to[n] = accumulate ? to[n]! + value : value;
    }
  }
}

/** A copy of one row as its multiplication sees it; see `matmul` in backend.ts. */
function roundActivations(row: Float32Array, format: WeightFormat, exact: boolean): Float32Array {
  if (format === "int8" || format === "int4") {
    const rounded = row.slice();
    for (let from = 0; from < row.length; from += BLOCK_COLS) {
      roundBlockToInt8(rounded.subarray(from, from + BLOCK_COLS));
    }
    return rounded;
  }
  return exact ? row : row.map((value) => bf16ToF32(f32ToBf16(value)));
}

function activate(x: number, activation: MatmulOptions["activation"]): number {
  switch (activation) {
    case "relu2":
      return Math.max(x, 0) ** 2;
    case "gelu":
      return 0.5 * x * (1 + erf(x * Math.SQRT1_2));
    case "geluTanh":
      return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    case undefined:
      return x;
  }
}

/** erf(x) = 2/√π · e^(−x²) · Σ 2ⁿ·x^(2n+1) / (2n+1)!!, a series without cancellation. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
