import { assert } from "../../core/assert.ts";

/**
 * The position grid at a tile's size: bilinear, align_corners = false, no antialias.
 *
 * A grid of `side` × `side` cells is resized to max(rows, cols) squared, of which the top-left
 * rows × cols window is kept. Computed in double, returned as float32 [rows·cols, width].
 * grid: [side·side, width].                                       Source: MODEL.md § Vision.
 */
export function resizePositions(
  grid: Float32Array,
  side: number,
  width: number,
  rows: number,
  cols: number,
): Float32Array {
  assert(grid.length === side * side * width, "the grid is square");
  const target = Math.max(rows, cols);
  const out = new Float32Array(rows * cols * width);
  for (let r = 0; r < rows; r++) {
    const [top, bottom, down] = cells(r, side, target);
    for (let c = 0; c < cols; c++) {
      const [left, right, across] = cells(c, side, target);
      const at = (r * cols + c) * width;
      for (let d = 0; d < width; d++) {
        const cell = (y: number, x: number): number => grid[(y * side + x) * width + d]!;
        const upper = cell(top, left) * (1 - across) + cell(top, right) * across;
        const lower = cell(bottom, left) * (1 - across) + cell(bottom, right) * across;
        out[at + d] = upper * (1 - down) + lower * down;
      }
    }
  }
  return out;
}

/** The two cells that output o lies between, and how far it is towards the second. */
function cells(o: number, side: number, target: number): readonly [number, number, number] {
  const exact = Math.max(0, ((o + 0.5) * side) / target - 0.5);
  const first = Math.min(Math.floor(exact), side - 1);
  return [first, Math.min(first + 1, side - 1), exact - first];
}
