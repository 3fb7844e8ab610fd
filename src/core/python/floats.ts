// Python's float(text), repr of a float and rounding to decimals.

import { trimEnd, trimStart } from "./spaces.ts";

const FLOAT = /^[-+]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[-+]?\d+(?:_\d+)*)?$/i;
/** Enough digits to distinguish a tie between two decimals from a neighbouring value. */
const GUARD_DIGITS = 40;

/** The result of float(text); undefined where Python raises ValueError. */
export function readFloat(text: string): number | undefined {
  const trimmed = asciiDigits(trimStart(trimEnd(text)));
  if (FLOAT.test(trimmed)) return Number(trimmed.replaceAll("_", ""));
  const word = /^([-+]?)(inf|infinity|nan)$/i.exec(trimmed);
  if (word === null) return undefined;
  if (word[2]?.toLowerCase() === "nan") return Number.NaN;
  return word[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** The result of repr(value): the shortest digits that read back as the same value. */
export function printFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (Object.is(value, -0)) return "-0.0";
  const [mantissa = "", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 16) {
    const text =
      exponent < 0
        ? value.toFixed(mantissa.replace(/\D/g, "").length - 1 - exponent)
        : String(value);
    return text.includes(".") ? text : `${text}.0`;
  }
  const digits = String(Math.abs(exponent)).padStart(2, "0");
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${digits}`;
}

/** Formats with `digits` decimals: rounds the exact binary value, ties to the even digit. */
export function printFixed(value: number, digits: number): string {
  if (Math.abs(value) >= 1e21 || digits + GUARD_DIGITS > 100) return value.toFixed(digits);
  const long = value.toFixed(digits + GUARD_DIGITS);
  const isTie = long.endsWith(`5${"0".repeat(GUARD_DIGITS - 1)}`);
  const head = long.slice(0, -GUARD_DIGITS).replace(/\.$/, "");
  return isTie && Number(head.at(-1)) % 2 === 0 ? head : value.toFixed(digits);
}

/**
 * The result of round(value, digits); negative `digits` round to tens, hundreds and so on. Exact as
 * printFixed.
 */
export function roundFloat(value: number, digits: number): number {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e21 || digits > 60) return value;
  if (digits >= 0) return Number(printFixed(value, digits));
  const scale = 10 ** -digits;
  return roundHalfEven(value / scale) * scale;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Decimal digits of other scripts as ASCII; int() and float() accept them. */
export function asciiDigits(text: string): string {
  return text.replace(/(?![0-9])\p{Nd}/gu, (digit) => String(digitValue(digit.codePointAt(0)!)));
}

/** Digits of a script stand in tens, so the distance to the start of their run gives the value. */
function digitValue(codePoint: number): number {
  let start = codePoint;
  while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start -= 1;
  return (codePoint - start) % 10;
}
