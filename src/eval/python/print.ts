// str() and repr() of Python for the values that literals and JSON can hold.

import { printFloat } from "./numbers.ts";
import { isDict, isTuple, type PythonValue } from "./value.ts";

/** str(value): a text is itself, everything else prints as in repr(). */
export function toText(value: PythonValue): string {
  return typeof value === "string" ? value : print(value);
}

/** repr(value). */
export function print(value: PythonValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return printFloat(value);
  if (typeof value === "string") return quote(value);
  if (isDict(value)) {
    return `{${[...value].map(([key, item]) => `${print(key)}: ${print(item)}`).join(", ")}}`;
  }
  if (!isTuple(value)) return `[${value.map(print).join(", ")}]`;
  const items = value.tuple.map(print);
  return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
}

const NAMED: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = text.replace(/[\p{C}\p{Z}\\'"]/gu, (character) => {
    if (character === " ") return character;
    if (character === "'" || character === '"') {
      return character === mark ? `\\${character}` : character;
    }
    return NAMED[character] ?? codeOf(character.codePointAt(0)!);
  });
  return mark + inner + mark;
}

function codeOf(codePoint: number): string {
  const hex = codePoint.toString(16);
  if (codePoint < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return codePoint < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
