import { dot, rowOf, silu, type View } from "./view.ts";

export function rmsNorm(x: View, weight: View, eps: number, y: View): void {
  const w = rowOf(weight, 0);
  for (let r = 0; r < x.rows; r++) {
    const from = rowOf(x, r);
    const to = rowOf(y, r);
    const scale = 1 / Math.sqrt(dot(from, from) / x.cols + eps);
    for (let c = 0; c < x.cols; c++) to[c] = from[c]! * scale * w[c]!;
  }
}

export function layerNorm(x: View, weight: View, bias: View, eps: number, y: View): void {
  const w = rowOf(weight, 0);
  const b = rowOf(bias, 0);
  for (let r = 0; r < x.rows; r++) {
    const from = rowOf(x, r);
    const to = rowOf(y, r);
    let mean = 0;
    for (const value of from) mean += value / x.cols;
    let variance = 0;
    for (const value of from) variance += (value - mean) ** 2 / x.cols;
    const scale = 1 / Math.sqrt(variance + eps);
    for (let c = 0; c < x.cols; c++) to[c] = (from[c]! - mean) * scale * w[c]! + b[c]!;
  }
}

export interface GatedNormArgs {
  readonly x: View;
  readonly gate: View;
  readonly weight: View;
  readonly groups: number;
  readonly eps: number;
  readonly y: View;
}

export function gatedNorm({ x, gate, weight, groups, eps, y }: GatedNormArgs): void {
  const width = x.cols / groups;
  const w = rowOf(weight, 0);
  const gated = new Float64Array(width);
  for (let r = 0; r < x.rows; r++) {
    const from = rowOf(x, r);
    const by = rowOf(gate, r);
    const to = rowOf(y, r);
    for (let begin = 0; begin < x.cols; begin += width) {
      let squares = 0;
      for (let c = 0; c < width; c++) {
        gated[c] = from[begin + c]! * silu(by[begin + c]!);
        squares += gated[c]! ** 2;
      }
      const scale = 1 / Math.sqrt(squares / width + eps);
      for (let c = 0; c < width; c++) to[begin + c] = gated[c]! * scale * w[begin + c]!;
    }
  }
}
