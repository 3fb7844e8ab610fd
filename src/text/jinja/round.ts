import { type Integer, normalize } from "./numbers.ts";

/** Enough digits to distinguish a tie between two decimals from a neighbouring value. */
const GUARD_DIGITS = 40;

/** Formats with `digits` decimals as Python does: exact rounding, ties to the even digit. */
export function printFixed(value: number, digits: number): string {
  if (Math.abs(value) >= 1e21 || digits + GUARD_DIGITS > 100) return value.toFixed(digits);
  const long = value.toFixed(digits + GUARD_DIGITS);
  const isTie = long.endsWith(`5${"0".repeat(GUARD_DIGITS - 1)}`);
  const head = long.slice(0, -GUARD_DIGITS).replace(/\.$/, "");
  return isTie && Number(head.at(-1)) % 2 === 0 ? head : value.toFixed(digits);
}

/** Rounds to `digits` decimals; negative `digits` round to tens, hundreds and so on. */
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

export function roundInteger(value: Integer, digits: number): Integer {
  if (digits >= 0) return value;
  const scale = 10n ** BigInt(-digits);
  const whole = BigInt(value);
  const rest = ((whole % scale) + scale) % scale;
  const floor = whole - rest;
  const isUp = rest * 2n > scale || (rest * 2n === scale && (floor / scale) % 2n !== 0n);
  return normalize(isUp ? floor + scale : floor);
}
