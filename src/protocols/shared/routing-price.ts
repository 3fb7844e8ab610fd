import { VireoError } from "../../core/errors.ts";
import type { PicoUsd } from "../../core/prices.ts";

/** US dollars per million tokens have this many digits that a price per token can hold. */
const DIGITS = 6;

/**
 * US dollars per million tokens, as a number or decimal text, to the price of a token. Digits below
 * 10⁻¹² dollars per token are dropped, because no price has them.
 *
 * Throws invalid_type for anything else.
 */
export function readPricePerMillion(value: string | number, param: string): PicoUsd {
  // numbers such as 1e-7 have no plain digits
  const text = typeof value === "number" ? value.toFixed(DIGITS + 3) : value.trim();
  const match = /^(\d{1,9})(?:\.(\d{1,18}))?$/.exec(text);
  if (!match) {
    const shown = JSON.stringify(value);
    const message = `${param} is ${shown}; send US dollars per million tokens, as 0.2`;
    throw new VireoError("invalid_type", message, { param });
  }
  return BigInt(match[1]! + (match[2] ?? "").slice(0, DIGITS).padEnd(DIGITS, "0"));
}
