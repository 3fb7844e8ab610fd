import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const LEFT_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const LEFT_BRACE = 0x7b;

/** Counts of a JSON text that decide what parsing and checking it costs. */
export interface JsonSize {
  /** Strings, numbers, literals, lists and objects; keys are not counted. */
  readonly values: number;
  readonly objects: number;
}

/**
 * Counts the values of a JSON text in one pass over its bytes, before anything is allocated for
 * them: a value of two bytes takes up to a hundred in memory and a microsecond to parse and check.
 *
 * Malformed text has some size too; parsing refuses it afterwards.
 */
export function measureJson(bytes: Uint8Array): JsonSize {
  let [commas, lists, objects] = [0, 0, 0];
  const { length } = bytes;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfString(bytes, at + 1);
    else if (byte === COMMA) commas += 1;
    else if (byte === LEFT_BRACKET) lists += 1;
    else if (byte === LEFT_BRACE) objects += 1;
  }
  return { values: 1 + commas + lists + objects, objects };
}

/** The index of the quote that ends a string, or the length of the text. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** Throws out_of_range for a JSON text with more values or objects than LIMITS.json allows. */
export function checkJsonSize(bytes: Uint8Array): void {
  const size = measureJson(bytes);
  for (const name of ["objects", "values"] as const) {
    const limit = LIMITS.json[name];
    const actual = size[name];
    if (actual <= limit) continue;
    const message = `the request body has ${actual} JSON ${name}; at most ${limit} are accepted`;
    throw new VireoError("out_of_range", message, { metadata: { limit, actual } });
  }
}
