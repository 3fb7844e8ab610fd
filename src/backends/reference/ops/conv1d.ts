import type { Batch } from "../../backend.ts";
import { spansOf } from "./spans.ts";
import { rowOf, silu, type View } from "./view.ts";

export interface Conv1dArgs {
  readonly x: View;
  /** [taps, cols]. */
  readonly weight: View;
  readonly bias: View;
  /** [slots, (taps − 1)·cols]: the last inputs, oldest first. */
  readonly state: View;
  readonly batch: Batch;
  readonly y: View;
}

export function conv1d({ x, weight, bias, state, batch, y }: Conv1dArgs): void {
  const before = weight.rows - 1;
  const cols = x.cols;
  const b = rowOf(bias, 0);
  const taps = Array.from({ length: weight.rows }, (_, k) => rowOf(weight, k));
  for (const span of spansOf(batch)) {
    const window = rowOf(state, span.slot);
    if (span.position === 0) window.fill(0);
    for (let t = span.row; t < span.row + span.rows; t++) {
      const input = rowOf(x, t);
      const out = rowOf(y, t);
      for (let c = 0; c < cols; c++) {
        let sum = b[c]!;
        for (let k = 0; k < before; k++) sum += taps[k]![c]! * window[k * cols + c]!;
        out[c] = silu(sum + taps[before]![c]! * input[c]!);
      }
      window.copyWithin(0, cols);
      window.set(input, (before - 1) * cols);
    }
  }
}
