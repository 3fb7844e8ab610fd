import { randomFillSync } from "node:crypto";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Drawn ahead: to ask for twenty bytes costs as much as for four thousand. */
const pool = new Uint8Array(4096);
let used = pool.length;

/** That many random letters and digits; at most 4096. */
export function random62(count: number): string {
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.subarray(used, used + count);
  used += count;
  return Array.from(bytes, (byte) => BASE62[byte % BASE62.length]).join("");
}
