import { rowOf, type View } from "./view.ts";

const MIN_LENGTH = 1e-8;

export function cosineDistance(x: View, y: View, distances: View): void {
  for (let r = 0; r < x.rows; r++) {
    const [a, b] = [rowOf(x, r), rowOf(y, r)];
    const lengths = lengthOf(a) * lengthOf(b);
    rowOf(distances, r)[0] = 1 - laneDot(a, b) / lengths;
  }
}

function lengthOf(row: Float32Array): number {
  return Math.max(Math.sqrt(laneDot(row, row)), MIN_LENGTH);
}

/** Sums in the order of every backend, so that all results are bit-identical. */
function laneDot(a: Float32Array, b: Float32Array): number {
  const lanes = new Float64Array(8);
  for (let c = 0; c < a.length; c++) lanes[c % 8]! += a[c]! * b[c]!;
  for (let half = 4; half > 0; half >>= 1) {
    for (let lane = 0; lane < half; lane++) lanes[lane]! += lanes[lane + half]!;
  }
  return lanes[0]!;
}
