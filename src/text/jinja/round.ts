import { type Integer, normalize } from "./numbers.ts";

export function roundInteger(value: Integer, digits: number): Integer {
  if (digits >= 0) return value;
  const scale = 10n ** BigInt(-digits);
  const whole = BigInt(value);
  const rest = ((whole % scale) + scale) % scale;
  const floor = whole - rest;
  const isUp = rest * 2n > scale || (rest * 2n === scale && (floor / scale) % 2n !== 0n);
  return normalize(isUp ? floor + scale : floor);
}
