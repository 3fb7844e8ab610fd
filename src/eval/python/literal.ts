// ast.literal_eval() of Python: lists, tuples, dicts, strings, numbers, None, True and False.
// Data sets and answers hold them as text. Nothing is executed. Sets, bytes, complex numbers and
// \N{names} count as unreadable.

import { readFloat } from "../../core/python/floats.ts";
import { type Cursor, match, take } from "./cursor.ts";
import { toInteger } from "./numbers.ts";
import { readStrings } from "./string-literal.ts";
import type { PythonValue } from "./value.ts";

/** Python's parser gives up at about this depth too. */
const MAX_DEPTH = 100;
const DIGITS = "\\d+(?:_\\d+)*";
const NUMBER = new RegExp(
  "(?:0[xX](?:_?[\\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|" +
    `(?:${DIGITS})?\\.?(?:${DIGITS})?(?:[eE][+-]?${DIGITS})?)`,
  "y",
);
const NAME = /(?:True|False|None)(?![\p{L}\p{N}_])/uy;
const NAMES: Readonly<Record<string, PythonValue>> = { True: true, False: false, None: null };
const INLINE_SPACE = /(?:[ \t\f]|\\\n(?!$))*/y;
const EMPTY_LINES = /(?:[ \t\f]*(?:#[^\n]*)?\n)*/y;
const BRACKET_SPACE = /(?:[ \t\f\n]|\\\n|#[^\n]*)*/y;

/** The value of a Python literal; undefined where Python raises an error. */
export function readLiteral(text: string): PythonValue | undefined {
  const source = text.replace(/\r\n?/g, "\n").replace(/^[ \t]+/, "");
  const cursor: Cursor = { text: source, at: 0 };
  skip(cursor, EMPTY_LINES);
  const first = readValue(cursor, 0, INLINE_SPACE);
  if (first === undefined) return undefined;
  const value = source[cursor.at] === "," ? readBareTuple(cursor, first) : first;
  skip(cursor, EMPTY_LINES);
  return /^[ \t\f]*(?:#.*)?$/.test(source.slice(cursor.at)) ? value : undefined;
}

/** `1, 2` without brackets is a tuple. */
function readBareTuple(cursor: Cursor, first: PythonValue): PythonValue | undefined {
  const tuple = [first];
  while (cursor.text[cursor.at] === ",") {
    cursor.at += 1;
    skip(cursor, INLINE_SPACE);
    if (/^(?:[\n#]|$)/.test(cursor.text.slice(cursor.at, cursor.at + 1))) break;
    const item = readValue(cursor, 0, INLINE_SPACE);
    if (item === undefined) return undefined;
    tuple.push(item);
  }
  return { tuple };
}

/** Reads a value and the space behind it. */
function readValue(cursor: Cursor, depth: number, space: RegExp): PythonValue | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const value = readAtom(cursor, depth, space);
  if (value !== undefined) skip(cursor, space);
  return value;
}

function readAtom(cursor: Cursor, depth: number, space: RegExp): PythonValue | undefined {
  const next = cursor.text[cursor.at];
  if (next === "[") return readList(cursor, depth + 1);
  if (next === "(") return readParentheses(cursor, depth + 1);
  if (next === "{") return readDict(cursor, depth + 1);
  if (next === "+" || next === "-") {
    cursor.at += 1;
    skip(cursor, space);
    const number = readNumber(cursor);
    return number === undefined || next === "+" ? number : -number;
  }
  const name = match(cursor, NAME);
  if (name !== undefined) return NAMES[name[0]];
  return readStrings(cursor, () => skip(cursor, space)) ?? readNumber(cursor);
}

function readNumber(cursor: Cursor): bigint | number | undefined {
  const text = match(cursor, NUMBER)?.[0];
  if (text === undefined || !/\d/.test(text)) return undefined;
  // a letter, digit or point right behind it would make another token
  if (/^[\p{L}\p{N}_.]/u.test(cursor.text.slice(cursor.at, cursor.at + 2))) return undefined;
  if (/^0[xob]/i.test(text)) return BigInt(text.replaceAll("_", "").toLowerCase());
  if (/[.e]/i.test(text)) return readFloat(text);
  // 0, 00 and 0_0 are numbers; 01 is an error
  return /^0[\d_]*[1-9]/.test(text) ? undefined : toInteger(text);
}

function readList(cursor: Cursor, depth: number): PythonValue | undefined {
  return readItems(cursor, "]", depth)?.items;
}

function readParentheses(cursor: Cursor, depth: number): PythonValue | undefined {
  const read = readItems(cursor, ")", depth);
  if (read === undefined) return undefined;
  const { items, endsInComma } = read;
  return items.length === 1 && !endsInComma ? items[0] : { tuple: items };
}

interface Items {
  readonly items: readonly PythonValue[];
  readonly endsInComma: boolean;
}

function readItems(cursor: Cursor, close: string, depth: number): Items | undefined {
  const items: PythonValue[] = [];
  open(cursor);
  if (take(cursor, close)) return { items, endsInComma: false };
  while (true) {
    const item = readValue(cursor, depth, BRACKET_SPACE);
    if (item === undefined) return undefined;
    items.push(item);
    if (take(cursor, close)) return { items, endsInComma: false };
    if (!take(cursor, ",")) return undefined;
    skip(cursor, BRACKET_SPACE);
    if (take(cursor, close)) return { items, endsInComma: true };
  }
}

function readDict(cursor: Cursor, depth: number): PythonValue | undefined {
  const entries = new Map<PythonValue, PythonValue>();
  open(cursor);
  if (take(cursor, "}")) return entries;
  while (true) {
    const key = readValue(cursor, depth, BRACKET_SPACE);
    // lists and dicts cannot be keys
    if (key === undefined || Array.isArray(key) || key instanceof Map) return undefined;
    if (!take(cursor, ":")) return undefined;
    skip(cursor, BRACKET_SPACE);
    const value = readValue(cursor, depth, BRACKET_SPACE);
    if (value === undefined) return undefined;
    entries.set(key, value);
    if (take(cursor, "}")) return entries;
    if (!take(cursor, ",")) return undefined;
    skip(cursor, BRACKET_SPACE);
    if (take(cursor, "}")) return entries;
  }
}

function open(cursor: Cursor): void {
  cursor.at += 1;
  skip(cursor, BRACKET_SPACE);
}

function skip(cursor: Cursor, space: RegExp): void {
  match(cursor, space);
}
