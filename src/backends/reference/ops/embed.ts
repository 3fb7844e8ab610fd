import { bf16ToF32 } from "../../../core/dtype.ts";
import { rowOf, type View } from "./view.ts";

/** y[i] = table[ids[i]]; the table's rows are bf16. */
export function embed(ids: Int32Array, table: Uint16Array, y: View): void {
  for (let i = 0; i < ids.length; i++) {
    const from = ids[i]! * y.cols;
    const out = rowOf(y, i);
    for (let c = 0; c < y.cols; c++) out[c] = bf16ToF32(table[from + c]!);
  }
}
