import { LIMITS } from "../../core/limits.ts";
import { printFloat } from "../../core/python/floats.ts";
import { isInteger, printInteger } from "./numbers.ts";
import type { Run } from "./run.ts";
import { compareTexts } from "./text.ts";
import { Float, isDict, isList, Tuple, textOf, typeName, type Value } from "./values.ts";

export interface JsonStyle {
  readonly ensureAscii: boolean;
  /** One level's indentation; undefined writes all on one line. */
  readonly indent: string | undefined;
  readonly separators: readonly [item: string, key: string];
  readonly sortKeys: boolean;
}

/** JSON as Python's `json.dumps` writes it. Throws for values that JSON does not have. */
export function writeJson(value: Value, style: JsonStyle, run: Run): string {
  const text = new JsonWriter(style, run).write(value, 0);
  run.making(text.length);
  return text;
}

class JsonWriter {
  private readonly style: JsonStyle;
  private readonly run: Run;

  constructor(style: JsonStyle, run: Run) {
    this.style = style;
    this.run = run;
  }

  write(value: Value, depth: number): string {
    this.run.spend(1);
    if (depth > LIMITS.template.depth) throw new Error("a value is nested too deeply for JSON");
    if (value === null) return "null";
    if (typeof value === "boolean") return value ? "true" : "false";
    const text = textOf(value);
    if (text !== undefined) return this.quote(text);
    if (isInteger(value)) return printInteger(value);
    if (value instanceof Float) return jsonFloat(value.value);
    if (isList(value)) return this.list(value, depth);
    if (value instanceof Tuple) return this.list(value.items, depth);
    if (isDict(value)) return this.dict(value, depth);
    throw new TypeError(`a ${typeName(value)} cannot be written as JSON`);
  }

  private list(items: readonly Value[], depth: number): string {
    if (items.length === 0) return "[]";
    const written = items.map((item) => this.write(item, depth + 1));
    return this.enclose("[", "]", written, depth);
  }

  private dict(dict: ReadonlyMap<Value, Value>, depth: number): string {
    if (dict.size === 0) return "{}";
    const entries = [...dict];
    if (this.style.sortKeys) entries.sort(([a], [b]) => this.orderKeys(a, b));
    const written = entries.map(
      ([key, value]) =>
        this.quote(keyText(key)) + this.style.separators[1] + this.write(value, depth + 1),
    );
    return this.enclose("{", "}", written, depth);
  }

  private orderKeys(left: Value, right: Value): number {
    const [leftText, rightText] = [textOf(left), textOf(right)];
    if (leftText === undefined || rightText === undefined) {
      if (isInteger(left) && isInteger(right)) return left < right ? -1 : 1;
      throw new TypeError("keys of several types cannot be sorted");
    }
    return compareTexts(leftText, rightText);
  }

  private enclose(open: string, close: string, written: readonly string[], depth: number): string {
    const { indent, separators } = this.style;
    if (indent === undefined) return open + written.join(separators[0]) + close;
    this.run.making(indent.length * (depth + 1) * written.length);
    const line = `\n${indent.repeat(depth + 1)}`;
    const end = `\n${indent.repeat(depth)}`;
    return open + line + written.join(separators[0] + line) + end + close;
  }

  private quote(text: string): string {
    this.run.reading(text);
    const escaped = text.replace(this.style.ensureAscii ? NOT_ASCII : SPECIAL, escapeOne);
    return `"${escaped}"`;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that JSON escapes
const SPECIAL = /["\\\x00-\x1f]/g;
/** Escapes of `guard.ts` stay unchanged. */
const NOT_ASCII = /\ufdd0[\ue000-\uf8ff]|["\\]|[^ -~]/g;
const NAMED = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\f", "\\f"],
  ["\b", "\\b"],
]);

function escapeOne(found: string): string {
  if (found.length > 1) return found;
  return NAMED.get(found) ?? `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function keyText(key: Value): string {
  const text = textOf(key);
  if (text !== undefined) return text;
  if (key === null) return "null";
  if (typeof key === "boolean") return key ? "true" : "false";
  if (isInteger(key)) return printInteger(key);
  if (key instanceof Float) return jsonFloat(key.value);
  throw new TypeError(`a ${typeName(key)} cannot be a key in JSON`);
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value < 0 ? "-Infinity" : "Infinity";
  return printFloat(value);
}
