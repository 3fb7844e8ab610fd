// Terms that the tokenizer of FTS5 alone does not make: normal forms of numbers and dates, which
// are written in several ways, and pairs of characters of scripts without blanks between words.

const NUMBER =
  /(?<![\p{L}\d.,])\d{1,3}(?:[.,'\u2019 \u00a0]\d{3})+(?:[.,]\d+)?(?!\d)|\d+[.,]\d+|\d+/gu;
const DATE = /\b(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\.(\d{1,2})\.(\d{4}))\b/g;
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+/gu;

/** Terms besides the words of `text`, in their order. They are in the column `forms`. */
export function formsOf(text: string): string {
  const withoutDates = text.replace(DATE, " ");
  return [...datesOf(text), ...numbersOf(withoutDates), ...pairsOf(text)].join(" ");
}

/** "12.08.2016" and "2016-8-12" → "date20160812". */
function datesOf(text: string): string[] {
  return [...text.matchAll(DATE)].map(([, y, m, d, d2, m2, y2]) => {
    const [month = "", day = ""] = [m ?? m2, d ?? d2];
    return `date${y ?? y2}${month.padStart(2, "0")}${day.padStart(2, "0")}`;
  });
}

/** "1.234,50", "1,234.50" and "1234.5" → "num1234p5"; whole numbers below 1000 stay words. */
function numbersOf(text: string): string[] {
  return [...text.matchAll(NUMBER)].flatMap(([number]) => {
    const form = numberForm(number);
    return form === number ? [] : [`num${form}`];
  });
}

function numberForm(number: string): string {
  const grouped = /^\d{1,3}(?:[.,'\u2019 \u00a0]\d{3})+$/.test(number);
  const point = grouped ? -1 : Math.max(number.lastIndexOf("."), number.lastIndexOf(","));
  const whole = (point < 0 ? number : number.slice(0, point)).replace(/\D/g, "");
  const fraction = point < 0 ? "" : number.slice(point + 1).replace(/0+$/, "");
  return fraction === "" ? whole : `${whole}p${fraction}`;
}

/** "日本語" → "日本", "本語". A single character stays one term. */
function pairsOf(text: string): string[] {
  return [...text.matchAll(CJK)].flatMap(([run]) => {
    const characters = [...run];
    if (characters.length < 2) return characters;
    return characters.slice(1).map((character, at) => `${characters[at]}${character}`);
  });
}

/** One term of a query: what the user wrote, and the FTS5 expression that finds it. */
export interface QueryTerm {
  readonly text: string;
  readonly expression: string;
}

/**
 * The terms of a query, in order and each once: every run between blanks becomes a quoted phrase,
 * so "INV-2016/08" finds that identifier only, or its normal form where it is a number or a date.
 */
export function queryTerms(query: string, maxTerms: number): QueryTerm[] {
  const runs = query.normalize("NFKC").toLowerCase().split(/\s+/);
  const trimmed = runs.map((run) => run.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ""));
  const texts = [...new Set(trimmed.filter((text) => text !== ""))].slice(0, maxTerms);
  return texts.map((text) => {
    const forms = formsOf(text);
    const phrase = quoted(text);
    return { text, expression: forms === "" ? phrase : `(${phrase} OR forms : ${quoted(forms)})` };
  });
}

export function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
