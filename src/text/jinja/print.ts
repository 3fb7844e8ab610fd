import { LIMITS } from "../../core/limits.ts";
import { printFloat } from "../../core/python/floats.ts";
import { escapeUnprintable, quote } from "../../core/python/quote.ts";
import { isInteger, printInteger } from "./numbers.ts";
import type { Run } from "./run.ts";
import {
  Float,
  isDict,
  isList,
  Lazy,
  Markup,
  Range,
  type Special,
  Tuple,
  Undefined,
  type Value,
  View,
} from "./values.ts";

/** The result of Python's `str(value)`, which `{{ value }}` also writes. */
export function print(value: Value, run: Run): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (value instanceof Markup) return value.text;
  if (value instanceof Undefined) return "";
  return represent(value, run);
}

/** The result of Python's `repr(value)`, used for values inside of lists and dicts. */
export function represent(value: Value, run: Run, depth = 0): string {
  run.spend(1);
  if (depth > LIMITS.template.depth) throw new Error("a value is nested too deeply to be printed");
  const inside = (item: Value): string => represent(item, run, depth + 1);
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (isInteger(value)) return printInteger(value);
  if (typeof value === "string") return quote(run.reading(value), escapeVisible);
  if (isList(value)) return bounded(run, `[${value.map(inside).join(", ")}]`);
  if (isDict(value)) return bounded(run, representDict(value, inside));
  if (value instanceof Float) return printFloat(value.value);
  if (value instanceof Markup) return `Markup(${quote(run.reading(value.text), escapeVisible)})`;
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Tuple) return bounded(run, representTuple(value, inside));
  if (value instanceof Range) return representRange(value);
  if (value instanceof View) {
    return bounded(run, `dict_${value.kind}([${value.items().map(inside).join(", ")}])`);
  }
  if (value instanceof Lazy) return "<generator object>";
  return (value satisfies Special).parts.print?.(run) ?? `<${value.parts.type}>`;
}

function bounded(run: Run, text: string): string {
  run.making(text.length);
  return text;
}

function representDict(dict: ReadonlyMap<Value, Value>, inside: (item: Value) => string): string {
  const entries = Array.from(dict, ([key, item]) => `${inside(key)}: ${inside(item)}`);
  return `{${entries.join(", ")}}`;
}

function representTuple({ items }: Tuple, inside: (item: Value) => string): string {
  const shown = items.map(inside);
  return shown.length === 1 ? `(${shown[0]},)` : `(${shown.join(", ")})`;
}

function representRange({ start, stop, step }: Range): string {
  return `range(${start}, ${stop}${step === 1 ? "" : `, ${step}`})`;
}

/** Escapes of `guard.ts`, which are printed unchanged. */
const HIDDEN = /(\ufdd0[\ue000-\uf8ff])/;

function escapeVisible(text: string): string {
  const pieces = text.split(HIDDEN);
  return pieces.map((piece, at) => (at % 2 === 1 ? piece : escapeUnprintable(piece))).join("");
}
