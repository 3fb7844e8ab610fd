// Verifies that a value is written on its page, using the file's text layer. Numbers and dates are
// compared by value, everything else as text.

import { decimalOf, numbersIn } from "./numbers.ts";
import { compactForm, type Form, type PageIndex, valueForm } from "./page-index.ts";

/**
 * verified: the page's text contains the value. unverified: it does not. no_text: the text covers
 * too little of the page, so the value may be only in the picture. not_checked: true, false, null
 * and empty texts.
 */
export type Verdict = "verified" | "unverified" | "no_text" | "not_checked";

/** Left, top, right, bottom as shares of the page. */
export type Box = readonly [number, number, number, number];

export interface Finding {
  readonly verdict: Verdict;
  readonly box?: Box;
}

interface Place {
  readonly first: number;
  readonly last: number;
}

/** Below this share of ink in text, a page counts as a picture. */
const MIN_COVERAGE = 0.5;

/** Looks for a scalar in a page's text, in any spelling of numbers and dates. */
export function verify(value: unknown, page: PageIndex): Finding {
  if (typeof value !== "string" && typeof value !== "number") return { verdict: "not_checked" };
  if (value === "") return { verdict: "not_checked" };
  const place = typeof value === "number" ? findNumber(value, page) : findText(value, page);
  if (place) return { verdict: "verified", box: around(page.text.boxes, place) };
  const isCovered = page.text.text !== "" && page.text.coverage >= MIN_COVERAGE;
  return { verdict: isCovered ? "unverified" : "no_text" };
}

function findNumber(value: number, { numbers }: PageIndex): Place | undefined {
  const decimal = decimalOf(value);
  return numbers.find(({ values }) => values.includes(decimal));
}

function findText(value: string, page: PageIndex): Place | undefined {
  if (/^\d{4}-\d{2}-\d{2}$/.test(value)) {
    const date = page.dates.find(({ values }) => values.includes(value));
    return date ?? find(value, page);
  }
  const own = numeralOf(value, page);
  if (own === undefined) return find(value, page);
  // numerals without minus and separators may be parts of names, such as 4711 in INV-4711
  return findNumeral(own, page) ?? (/^\+?[\d\s]+$/.test(value) ? find(value, page) : undefined);
}

interface Numeral {
  readonly values: readonly string[];
  readonly spelled: string;
}

/** Parses a text value that is entirely a number. */
function numeralOf(value: string, { decimalMark }: PageIndex): Numeral | undefined {
  const trimmed = value.trim();
  if (!/^[-+−]?\p{Nd}[\p{Nd}.,'’ \u00a0\u2009\u202f]*$/u.test(trimmed)) return undefined;
  const { text } = valueForm(trimmed);
  const [own, ...more] = numbersIn(text, decimalMark);
  if (own === undefined || more.length > 0 || own.last !== text.length - 1) return undefined;
  return { values: own.values, spelled: spelled(text) };
}

/** Finds the same value; an ambiguous one must have the same spelling. */
function findNumeral({ values, spelled: wanted }: Numeral, page: PageIndex): Place | undefined {
  return page.numbers.find((token) => {
    const isSame = token.values.some((one) => values.includes(one));
    return isSame && (values.length === 1 || spelling(token, page) === wanted);
  });
}

function spelling({ first, last }: Place, { text }: PageIndex): string {
  return spelled(valueForm(text.text.slice(first, last + 1)).text);
}

function spelled(text: string): string {
  return text.replace(/[-+\s]/g, "");
}

/** Finds the first occurrence as whole words. */
function find(value: string, page: PageIndex): Place | undefined {
  const needle = compactForm(value).text;
  if (needle === "") return undefined;
  const hasOnlyDigits = /^[-+\d.,']+$/.test(needle) && !/\s/.test(value);
  for (const form of page.compact) {
    for (const place of placesOf(needle, form)) {
      if (!isWhole(place, page) || cutsNumber(place, page)) continue;
      const shown = page.text.text.slice(place.first, place.last + 1);
      if (hasOnlyDigits && /\d\s+\d/.test(shown)) continue; // adjacent numbers are not one
      return place;
    }
  }
  return undefined;
}

function* placesOf(needle: string, { text, places }: Form): Generator<Place> {
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1)) {
    yield { first: places[at]!, last: places[at + needle.length - 1]! };
  }
}

/** Whether a place has word boundaries at both ends. A note mark is not part of its word. */
function isWhole({ first, last }: Place, { text: { text, raised } }: PageIndex): boolean {
  const joins = (left: number, right: number): boolean => {
    if (raised[left] !== raised[right]) return false;
    return /[\p{L}\p{N}]/u.test(at(left)) && /[\p{L}\p{N}\p{M}]/u.test(at(right));
  };
  const at = (place: number): string => text[place] ?? "";
  const end = last + (text.codePointAt(last)! > 0xffff ? 1 : 0);
  if (joins(first - 1, first) || joins(end, end + 1)) return false;
  // 12 is no part of 1,012 nor of 12.50
  if (/\d/.test(at(first)) && /\d[.,']$/.test(text.slice(Math.max(0, first - 2), first)))
    return false;
  return !(/\d/.test(at(end)) && /^[.,']\d/.test(text.slice(end + 1, end + 3)));
}

/** Whether a place cuts a number in two, or omits its sign. */
function cutsNumber({ first, last }: Place, { numbers, text: { text } }: PageIndex): boolean {
  const digit = first + Math.max(0, text.slice(first, last + 1).search(/\p{Nd}/u));
  const before = text.slice(first, digit);
  const opening = numbers.filter((one) => one.first <= digit && digit <= one.last);
  if (opening.length > 0 && !/[\p{L}\p{N}]/u.test(before.replace(/\p{Sc}|[A-Z]{3}/gu, ""))) {
    const whole = opening.filter((one) => one.first === digit);
    if (whole.length === 0) return true;
    const isNegative = whole.every(({ values }) => values.every((one) => one.startsWith("-")));
    if (isNegative && !/[-−–(]/.test(text.slice(first, last + 1))) return true;
  }
  const closing = numbers.filter((one) => one.first <= last && last <= one.last);
  return closing.length > 0 && !closing.some((one) => one.last === last);
}

function around(boxes: Float32Array, { first, last }: Place): Box {
  let [left, top, right, bottom] = [1, 1, 0, 0];
  for (let at = first; at <= last; at++) {
    const [x1, y1, x2, y2] = boxes.subarray(at * 4, at * 4 + 4);
    if (!(x2! > x1!)) continue; // blanks have no box
    [left, top] = [Math.min(left, x1!), Math.min(top, y1!)];
    [right, bottom] = [Math.max(right, x2!), Math.max(bottom, y2!)];
  }
  return right > left ? [left, top, right, bottom] : [0, 0, 0, 0];
}
