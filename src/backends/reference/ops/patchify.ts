import { rowOf, type View } from "./view.ts";

export function patchify(pixels: View, sidePx: number, patchPx: number, y: View): void {
  const grid = sidePx / patchPx;
  for (let r = 0; r < y.rows; r++) {
    const tile = rowOf(pixels, Math.floor(r / (grid * grid)));
    const top = Math.floor((r % (grid * grid)) / grid) * patchPx;
    const left = (r % grid) * patchPx;
    const out = rowOf(y, r);
    let at = 0;
    for (let channel = 0; channel < 3; channel++) {
      for (let v = top; v < top + patchPx; v++) {
        for (let u = left; u < left + patchPx; u++) {
          out[at++] = tile[(channel * sidePx + v) * sidePx + u]!;
        }
      }
    }
  }
}
