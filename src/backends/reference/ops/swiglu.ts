import { rowOf, silu, type View } from "./view.ts";

export interface SwigluArgs {
  readonly gate: View;
  readonly up: View;
  readonly y: View;
}

export function swiglu({ gate, up, y }: SwigluArgs): void {
  for (let r = 0; r < up.rows; r++) {
    const by = rowOf(gate, r);
    const from = rowOf(up, r);
    const to = rowOf(y, r);
    for (let c = 0; c < up.cols; c++) to[c] = silu(by[c]!) * from[c]!;
  }
}
