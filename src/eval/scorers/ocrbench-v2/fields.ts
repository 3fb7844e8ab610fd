// Dictionaries in answers of OCRBench v2: key information and positions.

import { readJson } from "../../python/json.ts";
import { readLiteral } from "../../python/literal.ts";
import { toText } from "../../python/print.ts";
import { lower, PYTHON_SPACE, PYTHON_WORD, strip } from "../../python/text.ts";
import { isDict, itemsOf, type PythonDict, type PythonValue } from "../../python/value.ts";
import { fencedBlocks } from "./fences.ts";

/**
 * Reads `{"key": value}` from a fenced block or the whole text: as JSON, else as a Python literal,
 * else by looking for `key: value` and `key = value`. Values become texts.
 */
export function readFields(answer: string): ReadonlyMap<string, string> {
  const text = fencedBlocks(answer)[0] ?? strip(answer);
  const json = readJson(text);
  if (json !== undefined) return isDict(json) ? textsOf(json) : new Map();
  const literal = readLiteral(text);
  if (isDict(literal)) return textsOf(literal);
  // a literal of another kind ends the search, as in the reference
  return literal === undefined ? readPairs(text) : new Map();
}

/** A key that is no text makes the whole answer unreadable, as in the reference. */
function textsOf(dict: PythonDict): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [key, value] of dict) {
    if (typeof key !== "string") return new Map();
    fields.set(strip(key), strip(toText(value)));
  }
  return fields;
}

const KEY = new RegExp(`(?:${PYTHON_WORD}|${PYTHON_SPACE})+`, "gu");
const VALUE = new RegExp(`["']?${PYTHON_SPACE}*[:=]${PYTHON_SPACE}*["']?([^\\n,"'{}]+)["']?`, "uy");

/** Runs of words and blanks are tried as keys one after the other, so time stays linear. */
function readPairs(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  KEY.lastIndex = 0;
  for (let key = KEY.exec(text); key !== null; key = KEY.exec(text)) {
    VALUE.lastIndex = KEY.lastIndex;
    const value = VALUE.exec(text);
    if (value === null) continue;
    fields.set(strip(key[0]), strip(value[1]!));
    KEY.lastIndex = VALUE.lastIndex;
  }
  return fields;
}

/** The golds of a key information item: for each key its allowed values. */
export function readGoldFields(
  gold: PythonValue | undefined,
): ReadonlyMap<string, readonly string[]> {
  const dict = isDict(gold) ? gold : readGoldText(toText(gold ?? ""));
  const entries = [...(dict ?? [])].map(([key, value]) => {
    const allowed = itemsOf(value) ?? [value];
    return [toText(key), allowed.map(toText)] as const;
  });
  return new Map(entries);
}

/** A dict as text, perhaps quoted once more. */
function readGoldText(text: string): PythonDict | undefined {
  const inner = strip(text, '"');
  const value = readJson(inner) ?? readLiteral(inner);
  const unquoted = typeof value === "string" ? readLiteral(value) : value;
  return isDict(unquoted) ? unquoted : undefined;
}

/**
 * The mean over all keys of either side: 1 where the value is one of the allowed ones, apart from
 * case and blanks. Trying every combination of allowed values, as the reference does, gives the
 * same, because each key counts by itself.
 */
export function fieldScore(
  read: ReadonlyMap<string, string>,
  golds: ReadonlyMap<string, readonly string[]>,
): number {
  const keys = new Set([...read.keys(), ...golds.keys()]);
  if (keys.size === 0) return 0;
  const right = [...keys].filter((key) => {
    const value = read.get(key);
    return value !== undefined && (golds.get(key) ?? []).map(bare).includes(bare(value));
  });
  return right.length / keys.size;
}

function bare(text: string): string {
  return strip(lower(text)).replaceAll("\n", "").replaceAll(" ", "");
}
