import { LIMITS } from "../../core/limits.ts";
import { isInteger, printFloat, printInteger } from "./numbers.ts";
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
  if (typeof value === "string") return quote(run.reading(value));
  if (isList(value)) return bounded(run, `[${value.map(inside).join(", ")}]`);
  if (isDict(value)) return bounded(run, representDict(value, inside));
  if (value instanceof Float) return printFloat(value.value);
  if (value instanceof Markup) return `Markup(${quote(run.reading(value.text))})`;
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

const NAMED_ESCAPES = new Map([
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);
/**
 * Characters that Python's repr escapes. The pair at the start is an escape of `guard.ts`, which
 * must be printed unchanged.
 */
const UNPRINTABLE = /\ufdd0[\ue000-\uf8ff]|\\|(?! )[\p{C}\p{Z}]/gu;

/** A string as Python's repr writes it: in single quotes unless that needs more escapes. */
function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(UNPRINTABLE, (found) => {
    if (found.length === 2 && found.startsWith("\ufdd0")) return found;
    return NAMED_ESCAPES.get(found) ?? numericEscape(found.codePointAt(0) ?? 0);
  });
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

function numericEscape(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}
