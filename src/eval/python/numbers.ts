// Python's int(), float(), round() and printing of floats.

import { strip } from "./text.ts";

const FLOAT =
  /^[+-]?(?:(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?)$/i;
const SPECIAL = /^[+-]?(?:inf(?:inity)?|nan)$/i;
const INTEGER = /^[+-]?\d+(?:_\d+)*$/;
/** Python refuses to convert longer texts to int. */
const MAX_INTEGER_DIGITS = 4300;

/** float(text); undefined where Python raises ValueError. */
export function toFloat(text: string): number | undefined {
  const plain = asciiDigits(strip(text));
  if (FLOAT.test(plain)) return Number(plain.replaceAll("_", ""));
  if (!SPECIAL.test(plain)) return undefined;
  if (/nan/i.test(plain)) return Number.NaN;
  return plain.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

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

/**
 * round(x, digits): to the nearest decimal of the exact binary value; a tie goes to the even digit.
 * toFixed() is exact too, but sends ties away from zero.
 */
export function round(x: number, digits: number): number {
  const size = Math.abs(x);
  if (!Number.isFinite(x) || size >= 2 ** 53) return x;
  const isTie =
    Number.isInteger(size * 2 ** (digits + 1)) && size.toFixed(digits + 1).endsWith("5");
  const fixed = size.toFixed(digits);
  const last = Number(fixed.at(-1));
  const even = isTie && last % 2 === 1 ? fixed.slice(0, -1) + (last - 1) : fixed;
  return x < 0 || Object.is(x, -0) ? -Number(even) : Number(even);
}

/** repr(x) of a float: the shortest digits that give x again, always with a point or exponent. */
export function printFloat(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x < 0 ? "-inf" : "inf";
  if (Object.is(x, -0)) return "-0.0";
  if (x === 0) return "0.0";
  const [digits = "", exponentText = "0"] = Math.abs(x).toExponential().split("e");
  const exponent = Number(exponentText);
  const sign = x < 0 ? "-" : "";
  if (exponent < -4 || exponent >= 16) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${digits}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  const plain = digits.replace(".", "");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${plain}`;
  const whole = plain.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${plain.slice(exponent + 1) || "0"}`;
}

/** Decimal digits of other scripts as ASCII; int() and float() accept them. */
function asciiDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, (digit) => String(digitValue(digit.codePointAt(0)!)));
}

/** Digits of a script stand in tens, so the distance to the start of their run gives the value. */
function digitValue(codePoint: number): number {
  if (codePoint >= 0x30 && codePoint <= 0x39) return codePoint - 0x30;
  let start = codePoint;
  while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start -= 1;
  return (codePoint - start) % 10;
}
