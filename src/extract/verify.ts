// Is a value written on its page? Compared with the text layer of the file, which no model made.

import type { PdfText } from "../media/pdf-worker.ts";

/**
 * verified: the page's text has it. unverified: it has not. no_text: the page is a picture.
 * not_checked: true, false and null are not written down.
 */
export type Verdict = "verified" | "unverified" | "no_text" | "not_checked";

/** Left, top, right, bottom as shares of the page. */
export type Box = readonly [number, number, number, number];

export interface Finding {
  readonly verdict: Verdict;
  readonly box?: Box;
}

/** A page's text as it is searched: without blanks, in one case and one form of each character. */
export interface SearchText {
  readonly original: string;
  readonly boxes: Float32Array;
  readonly compact: string;
  /** Of each unit of `compact`, its place in `original`. */
  readonly places: readonly number[];
}

export function searchText({ text, boxes }: PdfText): SearchText {
  let compact = "";
  const places: number[] = [];
  let place = 0;
  for (const character of text) {
    const plain = compacted(character);
    for (let unit = 0; unit < plain.length; unit++) places.push(place);
    compact += plain;
    place += character.length;
  }
  return { original: text, boxes, compact, places };
}

/** Character by character, so that a page's text and a value become the same. */
function compacted(text: string): string {
  return Array.from(text.normalize("NFKD"), (character) => character.toLowerCase())
    .join("")
    .replace(/[\s\p{Cc}]+/gu, "")
    .replace(/ς/g, "σ")
    .replace(/[‐-―−]/g, "-")
    .replace(/[‘’‛′]/g, "'");
}

/** Looks for a scalar in a page's text, however numbers and dates are usually spelled. */
export function verify(value: unknown, page: SearchText): Finding {
  if (typeof value !== "string" && typeof value !== "number") return { verdict: "not_checked" };
  if (value === "") return { verdict: "not_checked" };
  if (page.compact === "") return { verdict: "no_text" };
  const isNumber = typeof value === "number" || /^[-+]?\d+[.,]\d+$/.test(value);
  for (const spelling of typeof value === "number" ? spellNumber(value) : spellText(value)) {
    const box = find(compacted(spelling), page, isNumber);
    if (box) return { verdict: "verified", box };
  }
  return { verdict: "unverified" };
}

/** 1234.5 may stand as 1234.5, 1234.50, 1,234.50, 1.234,50 or 1234,5. */
function spellNumber(value: number): string[] {
  const sign = value < 0 ? "-" : "";
  const plain = String(Math.abs(value));
  if (plain.includes("e")) return [sign + plain];
  const [whole = "", fraction = ""] = plain.split(".");
  const fractions = new Set([fraction, fraction.padEnd(2, "0")]);
  const spellings: string[] = [];
  for (const [thousands, point] of [
    ["", "."],
    [",", "."],
    ["", ","],
    [".", ","],
    ["'", "."],
  ] as const) {
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, thousands);
    for (const part of fractions) {
      spellings.push(`${sign}${grouped}${part === "" ? "" : point + part}`);
    }
  }
  return [...new Set(spellings)];
}

/** Dates as ISO 8601 may stand on the page in other orders. */
function spellText(value: string): string[] {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value);
  if (found === null) return [value];
  const [, year, month = "", day = ""] = found;
  const [shortMonth, shortDay] = [Number(month), Number(day)];
  return [
    value,
    ...[`${day}.${month}.${year}`, `${shortDay}.${shortMonth}.${year}`],
    ...[`${month}/${day}/${year}`, `${shortMonth}/${shortDay}/${year}`],
    ...[`${day}/${month}/${year}`, `${shortDay}/${shortMonth}/${year}`],
    ...[`${day}-${month}-${year}`, `${year}/${month}/${day}`],
  ];
}

/** The first place where it stands as words of its own; a number's digits stand together there. */
function find(needle: string, page: SearchText, isNumber: boolean): Box | undefined {
  const { original, boxes, compact, places } = page;
  if (needle === "") return undefined;
  for (let at = compact.indexOf(needle); at >= 0; at = compact.indexOf(needle, at + 1)) {
    const first = places[at]!;
    const last = places[at + needle.length - 1]!;
    if (!isWhole(original, first, last)) continue;
    if (isNumber && isParted(original.slice(first, last + 1))) continue;
    return around(boxes, first, last);
  }
  return undefined;
}

/** Whether blanks part digits, unless thousands: 10 and 52.70 side by side are no 1052.70. */
function isParted(text: string): boolean {
  return /\d\s/.test(text.replace(/(?<![\d.,])\d{1,3}([ \u00a0\u2009\u202f]\d{3})+(?!\d)/gu, ""));
}

function isWhole(text: string, first: number, last: number): boolean {
  const before = text.slice(Math.max(0, first - 2), first);
  const after = text.slice(last + 1, last + 3);
  const joins = (a: string, b: string): boolean =>
    /[\p{L}\p{N}]/u.test(a) && /[\p{L}\p{N}\p{M}]/u.test(b);
  if (joins(before.slice(-1), text[first]!) || joins(text[last]!, after.slice(0, 1))) return false;
  // 12 is no part of 1,012 nor of 12.50
  const isDigit = (character: string | undefined): boolean => /\d/.test(character ?? "");
  if (isDigit(text[first]) && /\d[.,']$/.test(before)) return false;
  return !(isDigit(text[last]) && /^[.,']\d/.test(after));
}

function around(boxes: Float32Array, first: number, last: number): Box {
  let [left, top, right, bottom] = [1, 1, 0, 0];
  for (let at = first; at <= last; at++) {
    const [x1, y1, x2, y2] = boxes.subarray(at * 4, at * 4 + 4);
    if (!(x2! > x1!)) continue; // blanks have no box
    [left, top] = [Math.min(left, x1!), Math.min(top, y1!)];
    [right, bottom] = [Math.max(right, x2!), Math.max(bottom, y2!)];
  }
  return right > left ? [left, top, right, bottom] : [0, 0, 0, 0];
}
