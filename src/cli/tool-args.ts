import { type ParseArgsConfig, parseArgs } from "node:util";
import { VireoError } from "../core/errors.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<T extends Options> = ReturnType<typeof parseArgs<{ args: string[]; options: T }>>;

/** The options of a command that reads its own. Throws invalid_option. */
export function parseToolArgs<T extends Options>(args: string[], options: T): Values<T>["values"] {
  try {
    return parseArgs({ args, options }).values;
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : "the options cannot be read";
    throw new VireoError("invalid_option", text, { cause });
  }
}

export function oneOf<T extends string>(param: string, value: string, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  if (found !== undefined) return found;
  const text = `--${param} is "${value}"; it must be one of ${known.join(", ")}`;
  throw new VireoError("invalid_option", text, { param });
}

/** "1,4,16" → [1, 4, 16]. */
export function wholeNumbers(param: string, value: string): number[] {
  const numbers = value.split(",").map(Number);
  if (numbers.every((number) => Number.isInteger(number) && number >= 0)) return numbers;
  const text = `--${param} is "${value}"; it must be whole numbers with commas between them`;
  throw new VireoError("invalid_option", text, { param });
}

/** A share: from 0 to below 1. */
export function rateBelowOne(param: string, value: string): number {
  const rate = Number(value);
  if (value.trim() !== "" && rate >= 0 && rate < 1) return rate;
  const text = `--${param} is "${value}"; it must be a number from 0 to below 1`;
  throw new VireoError("invalid_option", text, { param });
}

export function wholeNumber(param: string, value: string): number {
  const [number, ...more] = wholeNumbers(param, value);
  if (number !== undefined && more.length === 0) return number;
  const text = `--${param} is "${value}"; it must be one whole number`;
  throw new VireoError("invalid_option", text, { param });
}
