// json.loads() of Python. JSON.parse() would lose the difference between 1 and 1.0, and refuses
// NaN and Infinity, which Python accepts.

import { type Cursor, match, take } from "./cursor.ts";
import { toInteger } from "./numbers.ts";
import type { PythonValue } from "./value.ts";

/** Python's own recursion limit lies a little higher. */
const MAX_DEPTH = 900;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const CONSTANTS: Readonly<Record<string, PythonValue>> = {
  null: null,
  true: true,
  false: false,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/** The value of a JSON text; undefined where Python raises an error. */
export function readJson(text: string): PythonValue | undefined {
  const cursor: Cursor = { text, at: 0 };
  skip(cursor);
  const value = readValue(cursor, 0);
  skip(cursor);
  return cursor.at === text.length ? value : undefined;
}

function readValue(cursor: Cursor, depth: number): PythonValue | undefined {
  const { text, at } = cursor;
  if (depth > MAX_DEPTH) return undefined;
  if (text[at] === '"') return readString(cursor);
  if (text[at] === "{") return readObject(cursor, depth + 1);
  if (text[at] === "[") return readArray(cursor, depth + 1);
  for (const [name, value] of Object.entries(CONSTANTS)) {
    if (!text.startsWith(name, at)) continue;
    cursor.at += name.length;
    return value;
  }
  return readNumber(cursor);
}

function readNumber(cursor: Cursor): PythonValue | undefined {
  const found = match(cursor, NUMBER);
  if (found === undefined) return undefined;
  const [text, fraction, exponent] = found;
  return fraction === undefined && exponent === undefined ? toInteger(text) : Number(text);
}

function readString(cursor: Cursor): string | undefined {
  const { text, at } = cursor;
  let end = at + 1;
  while (end < text.length && text[end] !== '"') {
    if (text.charCodeAt(end) < 0x20) return undefined;
    end += text[end] === "\\" ? 2 : 1;
  }
  if (end >= text.length) return undefined;
  cursor.at = end + 1;
  try {
    return JSON.parse(text.slice(at, end + 1)) as string;
  } catch {
    return undefined;
  }
}

function readArray(cursor: Cursor, depth: number): PythonValue[] | undefined {
  const items: PythonValue[] = [];
  cursor.at += 1;
  skip(cursor);
  if (take(cursor, "]")) return items;
  while (true) {
    const item = readValue(cursor, depth);
    if (item === undefined) return undefined;
    items.push(item);
    skip(cursor);
    if (take(cursor, "]")) return items;
    if (!take(cursor, ",")) return undefined;
    skip(cursor);
  }
}

function readObject(cursor: Cursor, depth: number): PythonValue | undefined {
  const entries = new Map<PythonValue, PythonValue>();
  cursor.at += 1;
  skip(cursor);
  if (take(cursor, "}")) return entries;
  while (true) {
    const key = cursor.text[cursor.at] === '"' ? readString(cursor) : undefined;
    if (key === undefined) return undefined;
    skip(cursor);
    if (!take(cursor, ":")) return undefined;
    skip(cursor);
    const value = readValue(cursor, depth);
    if (value === undefined) return undefined;
    entries.set(key, value);
    skip(cursor);
    if (take(cursor, "}")) return entries;
    if (!take(cursor, ",")) return undefined;
    skip(cursor);
  }
}

function skip(cursor: Cursor): void {
  match(cursor, SPACE);
}
