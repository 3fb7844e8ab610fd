// Parses dates as pages write them.

export interface DateToken {
  /** ISO 8601 dates; several if day and month are ambiguous. */
  readonly values: readonly string[];
  /** Index of the first and the last UTF-16 unit. */
  readonly first: number;
  readonly last: number;
}

const LANGUAGES =
  "en de fr es it pt nl pl cs sk sv da nb fi hu ro tr el ru uk bg hr sl lt lv et id vi ca".split(
    " ",
  );

/** Month numbers by name, long and short, in many languages. */
const MONTHS: ReadonlyMap<string, ReadonlySet<number>> = monthNames();

function monthNames(): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>();
  for (const language of LANGUAGES) {
    for (const month of ["long", "short"] as const) {
      for (const options of [{ month }, { month, day: "numeric" }] as const) {
        const format = new Intl.DateTimeFormat(language, { ...options, timeZone: "UTC" });
        for (let index = 0; index < 12; index++) {
          const parts = format.formatToParts(Date.UTC(2024, index, 15));
          const name = parts.find(({ type }) => type === "month")?.value ?? "";
          const plain = name.toLowerCase().replace(/\.$/, "");
          if (!/^\p{L}{3,}$/u.test(plain)) continue;
          found.set(plain, (found.get(plain) ?? new Set()).add(index + 1));
        }
      }
    }
  }
  found.set("sept", (found.get("sept") ?? new Set()).add(9));
  return found;
}

/** The year before the first year of each Japanese era. */
const ERAS: Readonly<Record<string, number>> = { 令和: 2018, 平成: 1988, 昭和: 1925 };

const NUMERIC = /(?<![\d./-])(\d{1,4})(\s?[./-]\s?)(\d{1,2})\2(\d{4}|\d{2})(?![\d]|[./-]\d)/g;
const CHARACTERS =
  /(令和|平成|昭和)?\s?(\d{1,4}|元)\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]/gu;
/** A day, a month's name, and a year of four digits, or of two digits after a separator. */
const DAY_FIRST = new RegExp(
  String.raw`(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|º|ª|\.)?[\s\u00a0./-]*(?:of |de |d')?` +
    String.raw`(\p{L}{3,12})\.?,?(?:[\s\u00a0./-]*(?:de |del )?(\d{4})|[./'’-](\d{2}))(?!\d)`,
  "giu",
);
const MONTH_FIRST =
  /(\p{L}{3,12})\.?[\s\u00a0-]*(\d{1,2})(?:st|nd|rd|th)?,?[\s\u00a0-]+(\d{4})(?!\d)/giu;
const YEAR_FIRST = /(?<!\d)(\d{4})\.?[\s\u00a0-]*(\p{L}{3,12})\.?[\s\u00a0-]*(\d{1,2})(?!\d)/giu;

/** Finds the dates in a text with ASCII digits and hyphens for dashes (`valueForm`). */
export function datesIn(text: string): DateToken[] {
  const tokens: DateToken[] = [];
  const add = (found: RegExpMatchArray, values: readonly (string | undefined)[]): void => {
    const known = values.filter((value) => value !== undefined);
    const first = found.index ?? 0;
    if (known.length > 0) tokens.push({ values: known, first, last: first + found[0].length - 1 });
  };
  for (const found of text.matchAll(NUMERIC)) add(found, numericReadings(found));
  for (const found of text.matchAll(CHARACTERS)) {
    const [, era = "", year = "", month = "", day = ""] = found;
    const base = ERAS[era] ?? 0;
    add(found, [iso(base + (year === "元" ? 1 : Number(year)), Number(month), Number(day))]);
  }
  for (const found of text.matchAll(DAY_FIRST)) {
    add(found, named(found[3] ?? found[4]!, found[2]!, found[1]!));
  }
  for (const found of text.matchAll(MONTH_FIRST)) {
    add(found, named(found[3]!, found[1]!, found[2]!));
  }
  for (const found of text.matchAll(YEAR_FIRST)) {
    add(found, named(found[1]!, found[2]!, found[3]!));
  }
  return tokens;
}

/** Reads year first, or day and month in either order; with dots, the day comes first. */
function numericReadings([, a = "", separator = "", b = "", c = ""]: RegExpMatchArray) {
  const [first, second, third] = [Number(a), Number(b), Number(c)];
  if (a.length >= 3) return a.length === 4 ? [iso(first, second, third)] : [];
  const year = fullYear(c);
  const dayFirst = iso(year, second, first);
  if (separator.trim() === ".") return [dayFirst];
  return [...new Set([dayFirst, iso(year, first, second)])];
}

function named(year: string, month: string, day: string): (string | undefined)[] {
  const months = MONTHS.get(month.toLowerCase()) ?? [];
  return [...months].map((number) => iso(fullYear(year), number, Number(day)));
}

function fullYear(year: string): number {
  const value = Number(year);
  if (year.length > 2) return value;
  return value < 70 ? 2000 + value : 1900 + value;
}

/** Formats as ISO 8601; undefined for an impossible date. */
function iso(year: number, month: number, day: number): string | undefined {
  if (year < 1000 || year > 9999 || month < 1 || month > 12 || day < 1) return undefined;
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)}`;
}
