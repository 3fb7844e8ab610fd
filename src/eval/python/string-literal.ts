// Python's string literals: quotes of one or three marks, prefixes r and u, escapes, and adjacent
// strings, which are joined.

import { type Cursor, match } from "./cursor.ts";

const OPENING = /([rRuU]?)('''|"""|'|")/y;
const ESCAPE =
  /\\(?:(\n)|([\\'"abfnrtv])|([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8}))/y;
const CONTROLS: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/**
 * Reads the string at the cursor, and those that follow it. `skip` moves the cursor over space
 * between them. Undefined: no string stands there, or it is not closed or has a bad escape.
 */
export function readStrings(cursor: Cursor, skip: () => void): string | undefined {
  let all: string | undefined;
  while (true) {
    const opening = match(cursor, OPENING);
    if (opening === undefined) return all;
    const [, prefix = "", quote = "'"] = opening;
    const text = readBody(cursor, quote, prefix.toLowerCase() === "r");
    if (text === undefined) return undefined;
    all = (all ?? "") + text;
    skip();
  }
}

function readBody(cursor: Cursor, quote: string, isRaw: boolean): string | undefined {
  const { text } = cursor;
  const parts: string[] = [];
  let begin = cursor.at;
  while (cursor.at < text.length) {
    if (text.startsWith(quote, cursor.at)) {
      parts.push(text.slice(begin, cursor.at));
      cursor.at += quote.length;
      return parts.join("");
    }
    const character = text[cursor.at];
    if (character === "\n" && quote.length === 1) return undefined;
    if (character !== "\\") {
      cursor.at += 1;
    } else if (isRaw) {
      cursor.at += 2;
    } else {
      parts.push(text.slice(begin, cursor.at));
      const value = readEscape(cursor);
      if (value === undefined) return undefined;
      parts.push(value);
      begin = cursor.at;
    }
  }
  return undefined;
}

/** An unknown escape keeps its backslash, as in "\d"; a broken \x, \u or \U is an error. */
function readEscape(cursor: Cursor): string | undefined {
  const found = match(cursor, ESCAPE);
  if (found === undefined) {
    const next = cursor.text[cursor.at + 1];
    if (next === undefined || /[xuUN]/.test(next)) return undefined;
    cursor.at += 1;
    return "\\";
  }
  const [, newline, single, octal, byte, short, long] = found;
  if (newline !== undefined) return "";
  if (single !== undefined) return CONTROLS[single] ?? single;
  if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
  const codePoint = Number.parseInt(byte ?? short ?? long ?? "", 16);
  return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : undefined;
}
