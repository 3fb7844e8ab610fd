import { rowOf, type View } from "./view.ts";

export function gatherRows(x: View, index: Int32Array, y: View): void {
  for (let i = 0; i < index.length; i++) rowOf(y, i).set(rowOf(x, index[i]!));
}

export function scatterRows(x: View, index: Int32Array, rows: View): void {
  for (let i = 0; i < index.length; i++) rowOf(x, index[i]!).set(rowOf(rows, i));
}

export function add(into: View, x: View): void {
  for (let r = 0; r < x.rows; r++) {
    const from = rowOf(x, r);
    const to = rowOf(into, r);
    for (let c = 0; c < x.cols; c++) to[c]! += from[c]!;
  }
}
