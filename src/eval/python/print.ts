// str() and repr() of Python for the values that literals and JSON can hold.

import { printFloat } from "../../core/python/floats.ts";
import { quote } from "../../core/python/quote.ts";
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
