// Methods of Python's str. Scorers compare what Python would compare, and JavaScript's own methods
// differ: \s includes U+FEFF and lacks U+001C to U+001F, split() keeps empty ends, length counts
// UTF-16 units.

import { SPACES, trimEnd, trimStart } from "../../core/python/spaces.ts";

/** The source of a character class of Python's white space, for other expressions. */
export const PYTHON_SPACE = `[${SPACES}]`;
/** The source of a character class of what \w matches in Python: letters, numbers, underscore. */
export const PYTHON_WORD = "[\\p{L}\\p{N}_]";
const BETWEEN_WORDS = new RegExp(`${PYTHON_SPACE}+`, "u");

/** str.strip(): removes white space, or every character of `characters`, from both ends. */
export function strip(text: string, characters?: string): string {
  return stripStart(stripEnd(text, characters), characters);
}

/** str.lstrip(). */
export function stripStart(text: string, characters?: string): string {
  if (characters === undefined) return trimStart(text);
  let start = 0;
  while (start < text.length && characters.includes(text[start]!)) start += 1;
  return text.slice(start);
}

/** str.rstrip(). */
export function stripEnd(text: string, characters?: string): string {
  if (characters === undefined) return trimEnd(text);
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1]!)) end -= 1;
  return text.slice(0, end);
}

/** str.split(): the words between white space, without empty ones. */
export function words(text: string): string[] {
  const inner = strip(text);
  return inner === "" ? [] : inner.split(BETWEEN_WORDS);
}

/** str.lower(). The Unicode rules are those of JavaScript, U+0130 and final sigma included. */
export function lower(text: string): string {
  return text.toLowerCase();
}

/** Code points, which Python counts and indexes. */
export function codePoints(text: string): string[] {
  return Array.from(text);
}

/** len(). */
export function length(text: string): number {
  let count = text.length;
  for (let at = 1; at < text.length; at += 1) {
    if (isLow(text.charCodeAt(at)) && isHigh(text.charCodeAt(at - 1))) count -= 1;
  }
  return count;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

/** The characters for which str.isalpha() is true: letters of any script. */
export function letters(text: string): string {
  return (text.match(/\p{L}+/gu) ?? []).join("");
}
