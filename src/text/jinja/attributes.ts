import { bind } from "./arguments.ts";
import { formatFields } from "./format.ts";
import { indexOf, isInteger, numberOf } from "./numbers.ts";
import { equals, lookUp } from "./operators.ts";
import { print } from "./print.ts";
import type { Run } from "./run.ts";
import { STRING_METHODS } from "./string-methods.ts";
import {
  characterCount,
  characters,
  escapeHtml,
  hasPairs,
  sliceBounds,
  sliceItems,
} from "./text.ts";
import type { CallValues } from "./values.ts";
import {
  type Dict,
  Float,
  isDict,
  isList,
  like,
  Markup,
  Range,
  Special,
  sequenceOf,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
  View,
  valueOr,
} from "./values.ts";

/** `object.name`: an attribute or method first, then a dict's key, as Jinja looks for them. */
export function readAttribute(object: Value, name: string, run: Run): Value {
  if (isDict(object)) {
    // by far the most frequent case; a method goes before a key of the same name
    if (DICT_METHODS.has(name) || CHANGING.dict.has(name) || isHidden(name)) {
      return valueOr(ownAttribute(object, name, run), () => missing(object, name));
    }
    return valueOr(object.get(name), () => missing(object, name));
  }
  return valueOr(ownAttribute(object, name, run), () => missing(object, name));
}

/** `object[key]`: an item first, then an attribute or method of that name. */
export function readItem(object: Value, key: Value, run: Run): Value {
  if (object instanceof Undefined) throw new TypeError(object.hint);
  const item = ownItem(object, key, run);
  if (item !== undefined) return item;
  const name = textOf(key);
  const attribute = name === undefined ? undefined : ownAttribute(object, name, run);
  return valueOr(attribute, () => missing(object, name ?? "of that index"));
}

function missing(object: Value, name: string): Undefined {
  return new Undefined(`a ${typeName(object)} has no ${JSON.stringify(name.slice(0, 60))}`);
}

function ownItem(object: Value, key: Value, run: Run): Value | undefined {
  if (isDict(object)) {
    const isKey = !isList(key) && !isDict(key);
    return isKey ? lookUp(object, key, run) : undefined;
  }
  if (!isInteger(numberOf(key))) return undefined;
  const index = indexOf(key, "an index");
  const items = sequenceOf(object);
  if (items !== undefined) return items.at(index);
  const text = textOf(object);
  if (text === undefined) return undefined;
  const letter = hasPairs(text) ? characters(text).at(index) : text.at(index);
  return letter === undefined ? undefined : like(object, letter);
}

/** A slice of a text or sequence. */
export function readSlice(
  object: Value,
  start: Value | undefined,
  stop: Value | undefined,
  step: Value | undefined,
  run: Run,
): Value {
  if (object instanceof Undefined) throw new TypeError(object.hint);
  const bound = (value: Value | undefined): number | undefined =>
    value === undefined || value === null ? undefined : indexOf(value, "a slice's index");
  const text = textOf(object);
  if (text !== undefined) {
    run.reading(text);
    const bounds = sliceBounds(characterCount(text), bound(start), bound(stop), bound(step));
    if (bounds.step === 1 && !hasPairs(text)) {
      return like(object, text.slice(bounds.start, Math.max(bounds.start, bounds.stop)));
    }
    return like(object, sliceItems(characters(text), bounds).join(""));
  }
  const items = sequenceOf(object);
  if (items === undefined) throw new TypeError(`a ${typeName(object)} cannot be sliced`);
  const bounds = sliceBounds(items.length, bound(start), bound(stop), bound(step));
  run.listing(Math.abs(bounds.stop - bounds.start));
  const taken = sliceItems(items, bounds);
  if (object instanceof Range) {
    const first = taken[0] ?? 0;
    const stride = object.step * bounds.step;
    return new Range(Number(first), Number(first) + stride * taken.length, stride);
  }
  return object instanceof Tuple ? new Tuple(taken) : taken;
}

/** Names that the sandbox hides, so that a template cannot see internals of the program. */
function isHidden(name: string): boolean {
  return name.startsWith("_");
}

/** Methods that the immutable sandbox hides because they change their object. */
const CHANGING = {
  list: new Set(["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"]),
  dict: new Set(["clear", "pop", "popitem", "setdefault", "update"]),
};

function unsafe(object: Value, name: string): Undefined {
  return new Undefined(`${JSON.stringify(name)} of a ${typeName(object)} is not for templates`);
}

/** An attribute or method, but not a dict's key; undefined if there is none. */
export function ownAttribute(object: Value, name: string, run: Run): Value | undefined {
  if (object instanceof Undefined) throw new TypeError(object.hint);
  if (object instanceof Special) return object.parts.attribute?.(name);
  if (isHidden(name)) return unsafe(object, name);
  const text = textOf(object);
  if (text !== undefined) return textMethod(object, text, name);
  if (isDict(object)) {
    if (CHANGING.dict.has(name)) return unsafe(object, name);
    return method(name, DICT_METHODS.get(name), object);
  }
  if (isList(object) && CHANGING.list.has(name)) return unsafe(object, name);
  const items = sequenceOf(object);
  if (items !== undefined) return sequenceAttribute(object, items, name);
  return numberAttribute(object, name, run);
}

function method<T>(
  name: string,
  call: ((object: T, args: CallValues, run: Run) => Value) | undefined,
  object: T,
): Value | undefined {
  if (call === undefined) return undefined;
  return new Special({
    type: "builtin_function_or_method",
    call: (args, run) => call(object, args, run),
    attribute: () => undefined,
    print: () => `<built-in method ${name}>`,
  });
}

function textMethod(object: Value, text: string, name: string): Value | undefined {
  const call = name === "format" ? formatMethod : STRING_METHODS.get(name);
  if (call === undefined) return undefined;
  if (!(object instanceof Markup)) return method(name, call, text);
  // Methods of marked text escape their arguments and return marked text.
  return method(
    name,
    (own: string, args, run) => {
      const escaped = args.positional.map((value, at) => {
        const isText = typeof value === "string" || (name === "replace" && at < 2);
        return isText && !(value instanceof Markup) ? escapeHtml(print(value, run)) : value;
      });
      return marked(call(own, { ...args, positional: escaped }, run));
    },
    text,
  );
}

function marked(value: Value): Value {
  if (typeof value === "string") return new Markup(value);
  return isList(value) ? value.map(marked) : value;
}

function formatMethod(text: string, args: CallValues, run: Run): Value {
  run.reading(text);
  const read = (value: Value, path: string, isAttribute: boolean): Value => {
    if (isAttribute) return readAttribute(value, path, run);
    return readItem(value, /^\d+$/.test(path) ? Number(path) : path, run);
  };
  return formatFields(text, args, read, run);
}

const DICT_METHODS: ReadonlyMap<string, (dict: Dict, args: CallValues, run: Run) => Value> =
  new Map<string, (dict: Dict, args: CallValues, run: Run) => Value>([
    [
      "get",
      (dict, args, run) => {
        const [key, fallback] = bind("get", args, ["key", "default"], 1);
        return valueOr(lookUp(dict, key!, run), () => valueOr(fallback, () => null));
      },
    ],
    ["keys", viewing("keys")],
    ["values", viewing("values")],
    ["items", viewing("items")],
    [
      "copy",
      (dict, args) => {
        bind("copy", args, []);
        return dict;
      },
    ],
    [
      "fromkeys",
      () => {
        throw new TypeError("fromkeys is not for templates");
      },
    ],
  ]);

function viewing(kind: "keys" | "values" | "items") {
  return (dict: Dict, args: CallValues): Value => {
    bind(kind, args, []);
    return new View(kind, dict);
  };
}

function sequenceAttribute(
  object: Value,
  items: readonly Value[],
  name: string,
): Value | undefined {
  if (object instanceof Range && (name === "start" || name === "stop" || name === "step")) {
    return object[name];
  }
  if (object instanceof Tuple) {
    const at = object.names.indexOf(name);
    if (at >= 0) return items[at];
  }
  if (name === "copy" && isList(object)) return method(name, () => object, items);
  if (name === "count") {
    return method(
      name,
      (own, args, run) => {
        const [value] = bind("count", args, ["value"], 1);
        run.spend(own.length);
        return own.filter((item) => equals(item, value!, run)).length;
      },
      items,
    );
  }
  if (name !== "index") return undefined;
  return method(
    name,
    (own, args, run) => {
      const [value, start, end] = bind("index", args, ["value", "start", "stop"], 1);
      const from = start === undefined ? 0 : indexOf(start, "start");
      const to = end === undefined ? own.length : indexOf(end, "stop");
      const bounds = sliceBounds(own.length, from, to);
      run.spend(own.length);
      for (let at = bounds.start; at < bounds.stop; at++) {
        if (equals(own[at]!, value!, run)) return at;
      }
      throw new RangeError("the value is not in the list");
    },
    items,
  );
}

/** Reads `attribute` of an item: names and indices with dots between them. */
export function attributeGetter(
  attribute: Value,
  run: Run,
  fallback: Value = null,
): (item: Value) => Value {
  if (attribute === null) return (item) => item;
  const text = textOf(attribute);
  const parts: readonly Value[] =
    text === undefined
      ? [attribute]
      : text.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return (item) => {
    let value = item;
    for (const part of parts) {
      value = readItem(value, part, run);
      if (fallback !== null && value instanceof Undefined) value = fallback;
    }
    return value;
  };
}

function numberAttribute(object: Value, name: string, run: Run): Value | undefined {
  run.spend(1);
  const number = numberOf(object);
  if (number === undefined) return undefined;
  if (name === "real") return number;
  if (name === "imag") return number instanceof Float ? new Float(0) : 0;
  if (number instanceof Float) {
    return name === "is_integer"
      ? method(name, () => Number.isInteger(number.value), number)
      : undefined;
  }
  if (name === "numerator") return number;
  if (name === "denominator") return 1;
  if (name !== "bit_length") return undefined;
  return method(name, () => number.toString(2).replace("-", "").replace(/^0$/, "").length, number);
}
