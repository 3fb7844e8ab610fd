import { rowOf, type View } from "./view.ts";

export function pixelShuffle(x: View, prefix: number, grid: number, y: View): void {
  const half = grid / 2;
  const tokens = prefix + grid * grid;
  const neighbours = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ] as const;
  for (let r = 0; r < y.rows; r++) {
    const tile = Math.floor(r / (half * half));
    const i = Math.floor((r % (half * half)) / half);
    const j = r % half;
    neighbours.forEach(([down, right], k) => {
      const patch = (2 * i + down) * grid + 2 * j + right;
      rowOf(y, r).set(rowOf(x, tile * tokens + prefix + patch), k * x.cols);
    });
  }
}
