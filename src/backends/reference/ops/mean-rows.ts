import type { Batch } from "../../backend.ts";
import { spansOf } from "./spans.ts";
import { rowOf, type View } from "./view.ts";

export interface MeanRowsArgs {
  readonly x: View;
  readonly y: View;
  readonly batch: Batch;
}

export function meanRows({ x, y, batch }: MeanRowsArgs): void {
  spansOf(batch).forEach(({ row, rows }, i) => {
    const sums = new Float64Array(x.cols);
    for (let r = row; r < row + rows; r++) {
      rowOf(x, r).forEach((value, c) => {
        sums[c]! += value;
      });
    }
    rowOf(y, i).set(sums.map((sum) => sum / rows));
  });
}
