import { randomBytes } from "node:crypto";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** That many random letters and digits. */
export function random62(count: number): string {
  return Array.from(randomBytes(count), (byte) => BASE62[byte % BASE62.length]).join("");
}
