import { softmax } from "./attention.ts";
import { dot, rowOf, type View } from "./view.ts";

export interface TileAttentionArgs {
  readonly qkv: View;
  readonly tokens: number;
  readonly heads: number;
  readonly scale: number;
  readonly y: View;
}

export function tileAttention({ qkv, tokens, heads, scale, y }: TileAttentionArgs): void {
  const width = y.cols;
  const dim = width / heads;
  for (let tile = 0; tile < qkv.rows; tile += tokens) {
    const rows = Array.from({ length: tokens }, (_, t) => rowOf(qkv, tile + t));
    for (let head = 0; head < heads; head++) {
      const part = (row: Float32Array, which: number) =>
        row.subarray(which * width + head * dim, which * width + (head + 1) * dim);
      for (let t = 0; t < tokens; t++) {
        const q = part(rows[t]!, 0);
        const weights = softmax(rows.map((row) => dot(q, part(row, 1)) * scale));
        for (let d = 0; d < dim; d++) {
          let sum = 0;
          for (let j = 0; j < tokens; j++) sum += weights[j]! * part(rows[j]!, 2)[d]!;
          rowOf(y, tile + t)[head * dim + d] = sum;
        }
      }
    }
  }
}
