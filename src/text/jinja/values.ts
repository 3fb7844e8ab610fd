import type { Run } from "./run.ts";

/**
 * A value of a template, as Python has it. `null` is None; an integer is a number, or a bigint
 * where a number would lose digits. Nothing is ever changed in place: the sandbox that templates
 * are written for forbids it.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Float
  | Markup
  | Undefined
  | readonly Value[]
  | Tuple
  | Range
  | Dict
  | View
  | Lazy
  | Special;

/** Keys keep the order in which they were put in. */
export type Dict = ReadonlyMap<Value, Value>;

/** A Python float: `1.0` is another value than the integer 1, though equal to it. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** Text that the filters `safe` or `escape` have marked as finished HTML. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The value of a missing name or key: it prints as nothing and has no other use. */
export class Undefined {
  /** Describes what is missing, for the error at its use. */
  readonly hint: string;

  constructor(hint: string) {
    this.hint = hint;
  }
}

export class Tuple {
  readonly items: readonly Value[];
  /** Attributes by which the items can be read too, in their order. */
  readonly names: readonly string[];

  constructor(items: readonly Value[], names: readonly string[] = []) {
    this.items = items;
    this.names = names;
  }
}

export class Range {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  readonly items: readonly number[];

  constructor(start: number, stop: number, step: number) {
    this.start = start;
    this.stop = stop;
    this.step = step;
    const length = Range.count(start, stop, step);
    this.items = Array.from({ length }, (_, at) => start + at * step);
  }

  static count(start: number, stop: number, step: number): number {
    return Math.max(0, Math.ceil((stop - start) / step));
  }
}

/** The result of `dict.keys()`, `dict.values()` and `dict.items()`. */
export class View {
  readonly kind: "keys" | "values" | "items";
  readonly dict: Dict;

  constructor(kind: "keys" | "values" | "items", dict: Dict) {
    this.kind = kind;
    this.dict = dict;
  }

  items(): readonly Value[] {
    if (this.kind === "keys") return [...this.dict.keys()];
    if (this.kind === "values") return [...this.dict.values()];
    return Array.from(this.dict, (entry) => new Tuple(entry));
  }
}

/** An iterator, as most filters on lists return: it can be read once. */
export class Lazy {
  readonly iterator: Iterator<Value>;

  constructor(iterator: Iterator<Value>) {
    this.iterator = iterator;
  }
}

/** The arguments of one call, evaluated. */
export interface CallValues {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** A function, a method, a macro, a namespace, `loop` and other objects with attributes. */
export interface SpecialParts {
  /** Name of the type in Python. */
  readonly type: string;
  readonly attribute?: (name: string) => Value | undefined;
  readonly assign?: (name: string, value: Value) => void;
  readonly call?: (args: CallValues, run: Run) => Value;
  readonly length?: () => number;
  readonly print?: (run: Run) => string;
}

export class Special {
  readonly parts: SpecialParts;

  constructor(parts: SpecialParts) {
    this.parts = parts;
  }
}

/** Returns `value`, or the result of `make` if it is undefined. `??` would replace None too. */
export function valueOr(value: Value | undefined, make: () => Value): Value {
  return value === undefined ? make() : value;
}

/** The text of a string, plain or marked as HTML; undefined for other values. */
export function textOf(value: Value): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof Markup ? value.text : undefined;
}

/** Makes a text from `value`, marked as HTML if `value` is. */
export function like(value: Value, text: string): string | Markup {
  return value instanceof Markup ? new Markup(text) : text;
}

export function isDict(value: Value): value is Dict {
  return value instanceof Map;
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** The items of a list, tuple or range; undefined for other values. */
export function sequenceOf(value: Value): readonly Value[] | undefined {
  if (isList(value)) return value;
  return value instanceof Tuple || value instanceof Range ? value.items : undefined;
}

/** The name of a value's type in Python. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number" || typeof value === "bigint") return "int";
  if (typeof value === "string") return "str";
  if (isDict(value)) return "dict";
  if (isList(value)) return "list";
  if (value instanceof Float) return "float";
  if (value instanceof View) return `dict_${value.kind}`;
  if (value instanceof Lazy) return "generator";
  if (value instanceof Special) return value.parts.type;
  if (value instanceof Tuple) return "tuple";
  if (value instanceof Range) return "range";
  return value instanceof Markup ? "Markup" : "Undefined";
}
