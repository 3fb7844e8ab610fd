import { printFixed } from "../../core/python/floats.ts";
import { indexOf, isInteger, numberOf, toFloat } from "./numbers.ts";
import { print, represent } from "./print.ts";
import type { Run } from "./run.ts";
import { characterCount } from "./text.ts";
import type { CallValues } from "./values.ts";
import { Float, isDict, isList, Tuple, textOf, typeName, type Value } from "./values.ts";

const PERCENT = /%(?:\(([^)]*)\))?([-+ #0]*)(\d+|\*)?(?:\.(\d+))?([a-zA-Z%])/g;

/** Python's `text % value`: a tuple has one value per placeholder, a dict has values by name. */
export function format(text: string, value: Value, run: Run): string {
  const values = value instanceof Tuple ? value.items : [value];
  let used = 0;
  const next = (): Value => {
    const item = values[used++];
    if (item === undefined) throw new TypeError("not enough values for the places of a text");
    return item;
  };
  let rest = 0;
  const made = text.replace(PERCENT, (whole, name, flags, width, precision, type, at: number) => {
    if (text.slice(rest, at).includes("%")) throw new TypeError("a % begins no place of a text");
    rest = at + whole.length;
    if (type === "%") return "%";
    const item = name === undefined ? undefined : named(value, name);
    const columns = width === "*" ? indexOf(next(), "a width") : Number(width ?? 0);
    run.making(columns);
    const digits = precision === undefined ? undefined : bounded(Number(precision));
    return pad(
      convert(item === undefined ? next() : item, type, flags, digits, run),
      columns,
      flags,
    );
  });
  if (text.slice(rest).includes("%")) throw new TypeError("a % begins no place of a text");
  const isAll = used >= values.length || isDict(value) || (used === 0 && isList(value));
  if (!isAll) throw new TypeError("more values than places in a text");
  return made;
}

function named(value: Value, name: string): Value {
  const item = isDict(value) ? value.get(name) : undefined;
  if (item === undefined) throw new TypeError(`no value called ${name}`);
  return item;
}

/** JavaScript prints at most 100 digits. */
function bounded(precision: number): number {
  if (precision > 100) throw new RangeError("more than 100 digits");
  return precision;
}

function convert(
  value: Value,
  type: string,
  flags: string,
  precision: number | undefined,
  run: Run,
): string {
  if (type === "s" || type === "r") {
    const text = type === "s" ? print(value, run) : represent(value, run);
    return precision === undefined ? text : Array.from(text).slice(0, precision).join("");
  }
  const number = numberOf(value);
  if (number === undefined) throw new TypeError(`a ${typeName(value)} is no number`);
  const text = digitsOf(number, type, precision, flags.includes("#"));
  if (text.startsWith("-")) return text;
  return (flags.includes("+") ? "+" : flags.includes(" ") ? " " : "") + text;
}

function digitsOf(
  number: number | bigint | Float,
  type: string,
  precision: number | undefined,
  prefixed: boolean,
): string {
  const whole = (): number | bigint =>
    number instanceof Float ? Math.trunc(number.value) : number;
  if (type === "d" || type === "i" || type === "u") return String(whole());
  if (type === "f" || type === "F") return printFixed(toFloat(number), precision ?? 6);
  if (type === "e" || type === "E") {
    const text = toFloat(number).toExponential(precision ?? 6);
    const long = text.replace(/e([-+])(\d)$/, "e$10$2");
    return type === "E" ? long.toUpperCase() : long;
  }
  const radix = type === "o" ? 8 : type === "x" || type === "X" ? 16 : type === "b" ? 2 : 0;
  if (radix === 0) throw new TypeError(`the place %${type} is not supported`);
  if (!isInteger(number)) throw new TypeError(`%${type} needs an integer`);
  const text = (prefixed ? `0${type.toLowerCase()}` : "") + number.toString(radix);
  return type === "X" ? text.toUpperCase() : text;
}

function pad(text: string, columns: number, flags: string): string {
  const missing = columns - characterCount(text);
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  if (!flags.includes("0") || !/^[-+ ]?\d/.test(text)) return " ".repeat(missing) + text;
  const sign = /^[-+ ]?/.exec(text)?.[0] ?? "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}

const FIELD = /\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::([^{}]*))?\}|[{}]/g;
const SPEC = /^(?:(.)?([<>^=]))?([-+ ])?(#)?(0)?(\d+)?(,)?(?:\.(\d+))?([bdoxXsfFeE%])?$/su;

/** Python's `text.format(…)`. `read` reads an attribute (".name") or item ("[name]"). */
export function formatFields(
  text: string,
  { positional, named }: CallValues,
  read: (value: Value, path: string, isAttribute: boolean) => Value,
  run: Run,
): string {
  let automatic = 0;
  let numbered = false;
  return text.replace(FIELD, (whole, path: string | undefined, conversion, spec) => {
    if (whole === "{{" || whole === "}}") return whole.slice(1);
    if (path === undefined) throw new TypeError("a brace of a text to format has no partner");
    const first = /^[^.[]*/.exec(path)?.[0] ?? "";
    const isNumbered = /^\d+$/.test(first);
    if (isNumbered ? automatic > 0 : first === "" && numbered) {
      throw new TypeError("places with and without a number cannot be mixed");
    }
    numbered ||= isNumbered;
    const at = first === "" ? automatic++ : Number(first);
    let value = first === "" || isNumbered ? positional[at] : named.get(first);
    if (value === undefined) throw new TypeError(`no value for the place {${first}}`);
    for (const [, attribute, item] of path
      .slice(first.length)
      .matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)) {
      value = read(value, attribute ?? item ?? "", attribute !== undefined);
    }
    if (conversion !== undefined) {
      value = conversion === "s" ? print(value, run) : represent(value, run);
    }
    return spec === undefined || spec === "" ? print(value, run) : formatSpec(value, spec, run);
  });
}

function formatSpec(value: Value, spec: string, run: Run): string {
  const found = SPEC.exec(spec);
  if (found === null) throw new TypeError(`the format ${spec} is not supported`);
  const [, filler, align, sign, prefixed, zero, width, comma, precision, type] = found;
  const isNumber = numberOf(value) !== undefined;
  if (!isNumber && textOf(value) === undefined) {
    throw new TypeError(`a ${typeName(value)} cannot be formatted as ${spec}`);
  }
  const columns = Number(width ?? 0);
  run.making(columns);
  const digits = precision === undefined ? undefined : bounded(Number(precision));
  const flags = `${sign ?? ""}${prefixed ?? ""}`;
  let text: string;
  if (type === "%") text = `${printFixed(toFloat(numberOf(value) ?? 0) * 100, digits ?? 6)}%`;
  else text = convert(value, type ?? defaultType(value, digits), flags, digits, run);
  if (comma !== undefined) text = text.replace(/\d(?=(?:\d{3})+(?!\d))(?<!\.\d*)/g, "$&,");
  const missing = columns - characterCount(text);
  if (missing <= 0) return text;
  if (zero !== undefined && align === undefined) return pad(text, columns, "0");
  const fill = (count: number): string => (filler ?? " ").repeat(count);
  const side = align ?? (isNumber ? ">" : "<");
  if (side === "<") return text + fill(missing);
  if (side === "^") return fill(missing >> 1) + text + fill(missing - (missing >> 1));
  return fill(missing) + text;
}

function defaultType(value: Value, precision: number | undefined): string {
  if (value instanceof Float && precision !== undefined) return "f";
  return isInteger(numberOf(value)) ? "d" : "s";
}
