import type { PageText } from "../media/page-text.ts";
import { type DateToken, datesIn } from "./dates.ts";
import { type DecimalMark, decimalMarkOf, type NumberToken, numbersIn } from "./numbers.ts";

/** A normalised text; `places` maps each of its UTF-16 units to the original. */
export interface Form {
  readonly text: string;
  readonly places: readonly number[];
}

/** A page's text, indexed for looking up values. Places refer to the original text. */
export interface PageIndex {
  readonly text: PageText;
  /**
   * The text without blanks, lower-cased and normalised: once with all hyphens, and once without
   * those at line ends.
   */
  readonly compact: readonly Form[];
  readonly numbers: readonly NumberToken[];
  readonly dates: readonly DateToken[];
  readonly decimalMark: DecimalMark;
}

export function indexPage(text: PageText): PageIndex {
  const values = valueForm(text.text, text.raised);
  const decimalMark = decimalMarkOf(values.text);
  const inPage = <T extends { readonly first: number; readonly last: number }>(token: T): T => {
    return { ...token, first: values.places[token.first]!, last: values.places[token.last]! };
  };
  const dates = datesIn(values.text);
  const numbers = numbersIn(values.text, decimalMark).filter((number) => {
    const isInDate = dates.some(({ first, last }) => first <= number.first && number.last <= last);
    return !isInDate || number.last - number.first === 3; // the year
  });
  const hyphens = compactForm(text.text);
  const joined = compactForm(text.text, lineEndHyphens(text.text));
  return {
    text,
    compact: joined.text === hyphens.text ? [hyphens] : [hyphens, joined],
    numbers: numbers.map(inPage),
    dates: dates.map(inPage),
    decimalMark,
  };
}

/** Normalises for numbers and dates: ASCII digits, hyphens for dashes, no superscripts. */
export function valueForm(text: string, raised?: Uint8Array): Form {
  return convert(text, (character, place) => {
    if (raised?.[place] === 1 || /^[\p{No}]$/u.test(character)) return "\u0001";
    if (/^\p{Cf}$/u.test(character)) return "";
    if (/^\p{Nd}$/u.test(character)) return digitOf(character);
    if (/^[‐-―−﹣－]$/u.test(character)) return "-";
    if (/^[！-～]$/u.test(character)) return character.normalize("NFKC");
    return character;
  });
}

/** Normalises for text: no blanks or format characters, one form of each letter and sign. */
export function compactForm(text: string, without?: ReadonlySet<number>): Form {
  return convert(text, (character, place) => (without?.has(place) ? "" : compacted(character)));
}

/** Normalises one character, so that a page's text and a value compare equal. */
function compacted(text: string): string {
  return Array.from(text.normalize("NFKD"), (character) => character.toLowerCase())
    .join("")
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, "")
    .replace(/ς/g, "σ")
    .replace(/[‐-―−]/g, "-")
    .replace(/[‘’‛′]/g, "'")
    .replace(/[“”„″]/g, '"')
    .replace(/^\p{Nd}$/u, digitOf);
}

function convert(text: string, to: (character: string, place: number) => string): Form {
  const parts: string[] = [];
  const places: number[] = [];
  let place = 0;
  for (const character of text) {
    const part = to(character, place);
    parts.push(part);
    for (let unit = 0; unit < part.length; unit++) places.push(place);
    place += character.length;
  }
  return { text: parts.join(""), places };
}

/** Places of hyphens at a line end whose next line begins with a letter. */
function lineEndHyphens(text: string): ReadonlySet<number> {
  const found = text.matchAll(
    /(?<=\p{L}\p{M}*)[-\u00ad\u2010\u2011]\p{Cf}*(?=\s*[\r\n]\s*\p{L})/gu,
  );
  return new Set(Array.from(found, ({ index }) => index));
}

/** Converts a decimal digit of any script; each script's digits are contiguous from zero. */
function digitOf(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 128) return character;
  if (code >= 0x1d7ce && code <= 0x1d7ff) return String((code - 0x1d7ce) % 10);
  let zero = code;
  while (code - zero < 9 && /^\p{Nd}$/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String(code - zero);
}
