import { randomFillSync } from "node:crypto";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Prefetched random bytes, since one call for 20 bytes costs as much as one for 4096. */
const pool = new Uint8Array(4096);
let used = pool.length;

/** Makes a text of `count` random letters and digits; count: at most 4096. */
export function random62(count: number): string {
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.subarray(used, used + count);
  used += count;
  return Array.from(bytes, (byte) => BASE62[byte % BASE62.length]).join("");
}
