// Parsers of option values. Each throws commander's InvalidArgumentError with what was expected;
// commander adds the option's name and the value.

import { InvalidArgumentError } from "commander";

/** A whole number from 1 on. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError("It must be a whole number from 1 on.");
  }
  return value;
}

/** A whole number from 0 on. */
export function wholeNumberOrZero(text: string): number {
  return text.trim() === "0" ? 0 : wholeNumber(text);
}

/** "1,4,16" → [1, 4, 16]. */
export function wholeNumbers(text: string): readonly number[] {
  return text.split(",").map((item) => wholeNumber(item.trim()));
}

export function realNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw new InvalidArgumentError("It must be a number.");
  }
  return value;
}

/** A parser of numbers from `min` to `max`, both included. */
export function between(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = realNumber(text);
    if (value < min || value > max) {
      throw new InvalidArgumentError(`It must be from ${min} to ${max}.`);
    }
    return value;
  };
}

/** A parser of whole numbers from `min` to `max`, both included. */
export function wholeBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = between(min, max)(text);
    if (!/^\d+$/.test(text.trim())) throw new InvalidArgumentError("It must be a whole number.");
    return value;
  };
}

/** A parser of comma-separated names: "kernels,ops" → ["kernels", "ops"]. */
export function namesOf<T extends string>(known: readonly T[]): (text: string) => readonly T[] {
  return (text) =>
    text.split(",").map((item) => {
      const name = known.find((one) => one === item.trim());
      if (name !== undefined) return name;
      throw new InvalidArgumentError(`Each name must be one of ${known.join(", ")}.`);
    });
}

/** Gathers the values of an option that may be repeated. */
export function collect(value: string, list: readonly string[] = []): readonly string[] {
  return [...list, value];
}

const UNITS = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 } as const;

/** "12GB", "800M", "16GiB", "123456" → bytes. */
export function byteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?$/i.exec(text.trim());
  if (!match) throw new InvalidArgumentError("It must be a size, such as 12GB or 800M.");
  const unit = (match[2] ?? "").toLowerCase() as keyof typeof UNITS;
  const factor = match[3] ? 1024 ** Math.round(Math.log10(UNITS[unit]) / 3) : UNITS[unit];
  return Math.floor(Number(match[1]) * factor);
}
