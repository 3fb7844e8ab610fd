// Python's int().

import { asciiDigits } from "../../core/python/floats.ts";
import { strip } from "./text.ts";

const INTEGER = /^[+-]?\d+(?:_\d+)*$/;
/** Python refuses to convert longer texts to int. */
const MAX_INTEGER_DIGITS = 4300;

/** int(text); undefined where Python raises ValueError. */
export function toInteger(text: string): bigint | undefined {
  const plain = asciiDigits(strip(text));
  if (!INTEGER.test(plain)) return undefined;
  const digits = plain.replace(/^[+-]/, "").replaceAll("_", "");
  if (digits.length > MAX_INTEGER_DIGITS) return undefined;
  return plain.startsWith("-") ? -BigInt(digits) : BigInt(digits);
}

/** int(x) of a float: cuts towards zero; undefined for infinities and NaN. */
export function truncate(x: number): bigint | undefined {
  return Number.isFinite(x) ? BigInt(Math.trunc(x)) : undefined;
}
