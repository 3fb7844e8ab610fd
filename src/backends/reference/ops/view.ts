/** A tensor with its memory at hand: data[row · stride + col]. */
export interface View {
  readonly data: Float32Array;
  readonly rows: number;
  readonly cols: number;
  readonly stride: number;
}

/** One row, sharing the view's memory. */
export function rowOf(view: View, row: number): Float32Array {
  return view.data.subarray(row * view.stride, row * view.stride + view.cols);
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

export function silu(x: number): number {
  return x / (1 + Math.exp(-x));
}
