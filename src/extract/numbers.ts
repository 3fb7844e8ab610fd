// Parses numbers as pages write them: sign, grouping, decimals, currency and unit.

/** A number's exact value: an optional minus, digits without leading zeros, a point and digits. */
export type Decimal = string;

/** A number on a page; an ambiguous spelling has several values. */
export interface NumberToken {
  readonly values: readonly Decimal[];
  /** First and last UTF-16 unit of its digits. */
  readonly first: number;
  readonly last: number;
}

/** The decimal separator; undefined if the page does not determine it. */
export type DecimalMark = "." | "," | undefined;

const NARROW_BLANK = "\u00a0\u2007\u2008\u2009\u200a\u202f";
const RUN = new RegExp(`\\d(?:[\\d.,'’٫٬]|[ ${NARROW_BLANK}](?=\\d))*`, "g");

/** Units that may follow a number without a blank. Other letters make it part of a name. */
const UNITS = new Set(
  [
    "mm cm dm m km µm um nm in ft yd mi mg g kg t lb lbs oz ml cl dl l L hl s ms min h hr hrs d",
    "kWh Wh MWh GWh kW W MW GW kWp V kV mV mA Ah mAh Hz kHz MHz GHz kJ MJ kcal cal bar mbar",
    "Pa kPa MPa hPa psi kN Nm rpm bit kB KB MB GB TB KiB MiB GiB px pt dpi lm lx dB",
    "pc pcs ea Stk St x st nd rd th sqm sqft cbm ha ppm bps Mbps Gbps kbps m2 m3 cm2 cm3 km2",
    "Euro euro euros dollars USD EUR kr Kč zł Ft лв руб грн",
  ]
    .join(" ")
    .split(" "),
);
const CURRENCIES = new Set([
  ...Intl.supportedValuesOf("currency"),
  ..."Rs Rs. Fr Fr. SFr kr kr. Kč zł Ft RM DM руб грн".split(" "),
]);
/** Letters of scripts without word spacing; numbers may adjoin them. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

/** The exact decimal value of a JavaScript number as it prints. */
export function decimalOf(value: number): Decimal {
  const text = String(value);
  const [mantissa = "", exponent] = text.split("e");
  if (exponent === undefined) return normal(mantissa);
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const padded = point <= 0 ? `0.${"0".repeat(-point)}${digits}` : digits.padEnd(point, "0");
  const placed = point <= 0 ? padded : `${padded.slice(0, point)}.${padded.slice(point)}`;
  return normal(`${value < 0 ? "-" : ""}${placed}`);
}

/** Removes leading and trailing zeros, and the minus of zero. */
function normal(text: string): Decimal {
  const found = /^(-?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(text);
  if (found === null) return text;
  const [, sign = "", whole = "", fraction = ""] = found;
  const value = `${whole === "" ? "0" : whole}${fraction === "" ? "" : `.${fraction}`}`;
  return value === "0" ? value : sign + value;
}

/** Finds the decimal separator of a text from its unambiguous numbers. */
export function decimalMarkOf(text: string): DecimalMark {
  let [points, commas] = [0, 0];
  for (const [run] of text.matchAll(/\d[\d.,]*\d/g)) {
    if (/^\d{1,3}(,\d{3})+\.\d+$|^\d+\.\d{1,2}$|^\d+\.\d{4,}$|^\d{1,3}(,\d{3}){2,}$/.test(run)) {
      points += 1;
    }
    if (/^\d{1,3}(\.\d{3})+,\d+$|^\d+,\d{1,2}$|^\d+,\d{4,}$|^\d{1,3}(\.\d{3}){2,}$/.test(run)) {
      commas += 1;
    }
  }
  if (points > 0 === commas > 0) return undefined;
  return points > 0 ? "." : ",";
}

/**
 * Finds the numbers in a text with ASCII digits (`valueForm`). Parts of names, such as "B2207",
 * are not numbers.
 */
export function numbersIn(text: string, mark: DecimalMark = decimalMarkOf(text)): NumberToken[] {
  const tokens: NumberToken[] = [];
  for (const { 0: found, index } of text.matchAll(RUN)) {
    for (const { piece, at } of piecesOf(found)) {
      const trimmed = piece.replace(/[.,'’٫٬]+$/, "");
      const first = index + at;
      const last = first + trimmed.length - 1;
      const values = readings(trimmed, mark);
      if (values.length === 0) continue;
      const signs = signsOf(text, first, last, trimmed);
      if (signs.length === 0) continue;
      const signed = signs.flatMap((sign) => values.map((value) => normal(sign + value)));
      tokens.push({ values: [...new Set(signed)], first, last });
    }
  }
  return tokens;
}

/**
 * Splits a run at its blanks: "12 345,67" may be one number or two. With a no-break blank it is
 * only one.
 */
function piecesOf(run: string): { readonly piece: string; readonly at: number }[] {
  const blanks = new RegExp(`[ ${NARROW_BLANK}]`, "g");
  const pieces: { piece: string; at: number; blank: string }[] = [];
  let at = 0;
  for (const piece of run.split(blanks)) {
    pieces.push({ piece, at, blank: run[at - 1] ?? "" });
    at += piece.length + 1;
  }
  const found: { piece: string; at: number }[] = [];
  for (let index = 0; index < pieces.length; ) {
    const count = groupsFrom(pieces.slice(index).map(({ piece }) => piece));
    const own = pieces.slice(index, index + count);
    const start = own[0]!.at;
    if (count > 1) {
      const end = own.at(-1)!;
      found.push({ piece: run.slice(start, end.at + end.piece.length), at: start });
    }
    const isKept = count > 1 && own.slice(1).every(({ blank }) => NARROW_BLANK.includes(blank));
    if (!isKept) found.push(...own.map((one) => ({ piece: one.piece, at: one.at })));
    index += count;
  }
  return found;
}

/** Counts the pieces of one number: one to three digits, groups of three, decimals last. */
function groupsFrom(pieces: readonly string[]): number {
  if (!/^[1-9]\d{0,2}$/.test(pieces[0] ?? "")) return 1;
  let count = 1;
  while (/^\d{3}$/.test(pieces[count] ?? "")) count += 1;
  if (/^\d{3}[.,٫]\d+[.,]?$|^\d{3}[.,]$/.test(pieces[count] ?? "")) count += 1;
  return count;
}

/** The possible values of a spelling without a sign. */
function readings(spelling: string, mark: DecimalMark): Decimal[] {
  const text = spelling
    .replace(new RegExp(`[ ${NARROW_BLANK}'’٬]`, "g"), "\u2009")
    .replaceAll("٫", mark === "," ? "," : ".");
  if (/^\d+$/.test(text)) return text.length > 2 && text.startsWith("0") ? [] : [text];
  const grouped = /^[1-9]\d{0,2}(?:\u2009\d{3})+(?:[.,](\d+))?$/.exec(text);
  if (grouped) return [withPoint(text.replaceAll("\u2009", ""), grouped[1])];
  const both = /^(?:[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3})\.(\d+)$/.exec(text);
  if (both) return [withPoint(text, both[1])];
  const turned = /^[1-9]\d{0,2}(?:\.\d{3})+,(\d+)$/.exec(text);
  if (turned) return [withPoint(text, turned[1])];
  if (/^[1-9]\d{0,2}(?:([.,])\d{3})(?:\1\d{3})+$/.test(text)) return [text.replace(/[.,]/g, "")];
  if (/^[1-9]\d?(?:,\d{2})+,\d{3}$/.test(text)) return [text.replaceAll(",", "")];
  const single = /^(\d+)([.,])(\d+)$/.exec(text);
  if (single === null) return [];
  const [, whole = "", separator = "", fraction = ""] = single;
  const isGroup = fraction.length === 3 && /^[1-9]\d{0,2}$/.test(whole);
  const decimal = `${whole}.${fraction}`;
  if (!isGroup) return [decimal];
  if (mark !== undefined) return mark === separator ? [decimal] : [whole + fraction];
  return separator === "," ? [whole + fraction] : [whole + fraction, decimal];
}

function withPoint(text: string, fraction: string | undefined): Decimal {
  if (fraction === undefined) return text.replace(/[.,]/g, "");
  return `${text.slice(0, -fraction.length).replace(/[.,]/g, "")}.${fraction}`;
}

/** The possible signs of a number; none if the digits are part of something else. */
function signsOf(text: string, first: number, last: number, spelling: string): string[] {
  const before = text.slice(Math.max(0, first - 16), first);
  const after = text.slice(last + 1, last + 17);
  if (/\d[.,'’]?$/.test(before) && !/\d[.,] ?$/.test(before)) return [];
  if (/^[.,'’]?\d/.test(after)) return [];
  const unit = /^[\p{L}\p{M}°µ%‰]+\d?/u.exec(after)?.[0] ?? "";
  const isKnown = UNITS.has(unit) || CURRENCIES.has(unit) || /^[%‰°]/.test(unit);
  const isPlainEnd = unit === "" || isKnown || unspaced(unit);
  if (!isPlainEnd) return [];
  const currency = /(?:[\p{L}.]+|\p{Sc}|[\p{L}]{0,2}\p{Sc})[ \u00a0]?$/u.exec(before)?.[0] ?? "";
  const name = currency.trim();
  const isGlued = currency !== "" && !/\s$/.test(currency);
  const isMoney = CURRENCIES.has(name) || /\p{Sc}$/u.test(name);
  if (isGlued && !isMoney && !unspaced(name.slice(-1)) && /\p{L}$/u.test(name)) return [];
  const head = isMoney ? before.slice(0, before.length - currency.length) : before;
  return signsAround({ head, before, after: after.slice(unit.length), unit, spelling });
}

function unspaced(letters: string): boolean {
  return letters !== "" && UNSPACED.test(letters[0]!);
}

function signsAround(place: {
  readonly head: string;
  readonly before: string;
  readonly after: string;
  readonly unit: string;
  readonly spelling: string;
}): string[] {
  const { head, before, after, unit, spelling } = place;
  const dash = [head, before].find((part) => part.endsWith("-"));
  if (dash !== undefined) {
    const previous = dash.slice(-2, -1);
    if (/[\p{L}_]/u.test(previous)) return []; // a part of a name, as in "INV-5"
    return /[\p{N})]/u.test(previous) ? [""] : ["-"];
  }
  const isExact = /[.,'’٫٬\s]/u.test(spelling);
  const closed = /^\s?(?:\p{Sc}|[A-Z]{3})?\s?\)/u.test(after);
  if (/\(\s?(?:\p{Sc}\s?)?$/u.test(head) && closed) {
    return signsInParentheses(head, isExact, unit, spelling);
  }
  const isTrailing = /^-(?![\p{L}\p{N}])/u.test(after);
  if (isTrailing && (isExact || !/^-\s*\n?\s*\d/.test(after))) return ["-"];
  return [""];
}

/** Accounts write negative numbers in parentheses; texts put years, shares and notes there. */
function signsInParentheses(
  head: string,
  isExact: boolean,
  unit: string,
  spelling: string,
): string[] {
  if (unit.startsWith("%") && /\p{L}\s?\($/u.test(head)) return [""];
  if (/^(?:19|20)\d\d$/.test(spelling)) return ["", "-"];
  if (!isExact && unit === "" && /\p{L}\s?\($/u.test(head)) return [""];
  return ["-"];
}
