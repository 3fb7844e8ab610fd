import { rowOf, type View } from "./view.ts";

export function tileTokens(patches: View, prefix: View, position: View, y: View): void {
  const tokens = prefix.rows + position.rows;
  for (let r = 0; r < y.rows; r++) {
    const tile = Math.floor(r / tokens);
    const patch = (r % tokens) - prefix.rows;
    const out = rowOf(y, r);
    if (patch < 0) {
      out.set(rowOf(prefix, r % tokens));
      continue;
    }
    const x = rowOf(patches, tile * position.rows + patch);
    const place = rowOf(position, patch);
    for (let c = 0; c < y.cols; c++) out[c] = x[c]! + place[c]!;
  }
}
