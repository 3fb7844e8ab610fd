import { rowOf, type View } from "./view.ts";

export interface RopeArgs {
  readonly x: View;
  /** [positions, dim]: dim / 2 cosines, then dim / 2 sines. */
  readonly angles: View;
  readonly positions: Int32Array;
  readonly y: View;
}

export function rope({ x, angles, positions, y }: RopeArgs): void {
  const dim = angles.cols;
  const half = dim / 2;
  for (let r = 0; r < x.rows; r++) {
    const turn = rowOf(angles, positions[r]!);
    const from = rowOf(x, r);
    const to = rowOf(y, r);
    for (let head = 0; head < x.cols; head += dim) {
      for (let d = 0; d < half; d++) {
        const [a, b] = [from[head + d]!, from[head + half + d]!];
        to[head + d] = a * turn[d]! - b * turn[half + d]!;
        to[head + half + d] = b * turn[d]! + a * turn[half + d]!;
      }
    }
  }
}
