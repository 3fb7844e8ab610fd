import type { CompareOperator, MathOperator } from "./ast.ts";
import { format } from "./format.ts";
import { assertShort, calculate, indexOf, isInteger, numberOf } from "./numbers.ts";
import { print } from "./print.ts";
import type { Run } from "./run.ts";
import { compareTexts, escapeHtml } from "./text.ts";
import {
  Float,
  isDict,
  isList,
  Lazy,
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
} from "./values.ts";

export function isTrue(value: Value): boolean {
  if (typeof value === "string") return value !== "";
  if (typeof value === "boolean") return value;
  if (value === null || value instanceof Undefined) return false;
  if (isInteger(value)) return Number(value) !== 0;
  if (value instanceof Float) return value.value !== 0;
  if (value instanceof Markup) return value.text !== "";
  if (isDict(value)) return value.size > 0;
  if (value instanceof View) return value.dict.size > 0;
  const items = sequenceOf(value);
  if (items !== undefined) return items.length > 0;
  return value instanceof Special && value.parts.length !== undefined
    ? value.parts.length() > 0
    : true;
}

/** Refuses a missing value, which may only be printed and tested. */
export function assertDefined(value: Value): void {
  if (value instanceof Undefined) throw new TypeError(value.hint);
}

export function math(operator: MathOperator, left: Value, right: Value, run: Run): Value {
  if (typeof left === "string" && typeof right === "string" && operator === "+") {
    run.making(left.length + right.length);
    return left + right;
  }
  assertDefined(left);
  assertDefined(right);
  const leftNumber = numberOf(left);
  const rightNumber = numberOf(right);
  if (leftNumber !== undefined && rightNumber !== undefined) {
    const result = calculate(operator, leftNumber, rightNumber);
    return result instanceof Float ? result : assertShort(result);
  }
  const text = textOf(left);
  if (operator === "%" && text !== undefined) return formatText(left, text, right, run);
  const joined = operator === "+" ? join(left, right, run) : undefined;
  const repeated = operator === "*" ? repeat(left, right, run) : undefined;
  const result = joined ?? repeated;
  if (result !== undefined) return result;
  throw new TypeError(`${operator} is not possible with ${typeName(left)} and ${typeName(right)}`);
}

function formatText(value: Value, text: string, right: Value, run: Run): Value {
  const made = format(text, right, run);
  return value instanceof Markup ? new Markup(made) : made;
}

function join(left: Value, right: Value, run: Run): Value | undefined {
  const [leftText, rightText] = [textOf(left), textOf(right)];
  if (leftText !== undefined && rightText !== undefined) {
    // Marked text escapes the text that is joined to it.
    const plain = (value: Value): string =>
      value instanceof Markup ? value.text : escapeHtml(print(value, run));
    run.making(leftText.length + rightText.length);
    return new Markup(plain(left) + plain(right));
  }
  if (isList(left) && isList(right)) {
    run.listing(left.length + right.length);
    return [...left, ...right];
  }
  if (left instanceof Tuple && right instanceof Tuple) {
    run.listing(left.items.length + right.items.length);
    return new Tuple([...left.items, ...right.items]);
  }
  return undefined;
}

function repeat(left: Value, right: Value, run: Run): Value | undefined {
  const [value, count] = isInteger(numberOf(right)) ? [left, right] : [right, left];
  if (!isInteger(numberOf(count))) return undefined;
  const times = Math.max(0, indexOf(count, "a count"));
  const text = textOf(value);
  if (text !== undefined) {
    run.making(text.length * times);
    return value instanceof Markup ? new Markup(text.repeat(times)) : text.repeat(times);
  }
  if (!isList(value) && !(value instanceof Tuple)) return undefined;
  const items = isList(value) ? value : value.items;
  run.listing(items.length * times);
  const repeated = Array.from(
    { length: items.length * times },
    (_, at) => items[at % items.length]!,
  );
  return isList(value) ? repeated : new Tuple(repeated);
}

/** Python's `==`: numbers by value whatever their type, lists and dicts by their items. */
export function equals(left: Value, right: Value, run: Run): boolean {
  if (typeof left === "string" && typeof right === "string") {
    if (left.length !== right.length) return false;
    run.reading(left);
    return left === right;
  }
  if (left === right) return true;
  run.spend(1);
  const [leftNumber, rightNumber] = [numberOf(left), numberOf(right)];
  if (leftNumber !== undefined || rightNumber !== undefined) {
    if (leftNumber === undefined || rightNumber === undefined) return false;
    return compareNumbers(leftNumber, rightNumber) === 0;
  }
  if (left instanceof Undefined) return right instanceof Undefined;
  const leftText = textOf(left);
  if (leftText !== undefined) return leftText === textOf(right);
  if (isDict(left)) return isDict(right) && equalDicts(left, right, run);
  if (isList(left)) return isList(right) && equalItems(left, right, run);
  if (left instanceof Tuple) {
    return right instanceof Tuple && equalItems(left.items, right.items, run);
  }
  if (left instanceof Range)
    return right instanceof Range && equalItems(left.items, right.items, run);
  if (left instanceof View && left.kind !== "values" && right instanceof View) {
    return left.kind === right.kind && sameMembers(left, right, run);
  }
  return false;
}

function sameMembers(left: View, right: View, run: Run): boolean {
  const others = right.items();
  return (
    left.dict.size === right.dict.size &&
    left.items().every((item) => others.some((other) => equals(item, other, run)))
  );
}

function equalItems(left: readonly Value[], right: readonly Value[], run: Run): boolean {
  return left.length === right.length && left.every((item, at) => equals(item, right[at]!, run));
}

function equalDicts(
  left: ReadonlyMap<Value, Value>,
  right: ReadonlyMap<Value, Value>,
  run: Run,
): boolean {
  if (left.size !== right.size) return false;
  for (const [key, value] of left) {
    const other = lookUp(right, key, run);
    if (other === undefined || !equals(value, other, run)) return false;
  }
  return true;
}

function compareNumbers(left: number | bigint | Float, right: number | bigint | Float): number {
  const a = left instanceof Float ? left.value : left;
  const b = right instanceof Float ? right.value : right;
  if (a < b) return -1;
  if (a > b) return 1;
  return Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : 0;
}

/** Compares: negative, zero or positive, or NaN if unordered. Throws for types without order. */
export function order(left: Value, right: Value, run: Run): number {
  assertDefined(left);
  assertDefined(right);
  const [leftNumber, rightNumber] = [numberOf(left), numberOf(right)];
  if (leftNumber !== undefined && rightNumber !== undefined) {
    return compareNumbers(leftNumber, rightNumber);
  }
  const [leftText, rightText] = [textOf(left), textOf(right)];
  if (leftText !== undefined && rightText !== undefined) {
    run.spend(1);
    run.reading(leftText.length < rightText.length ? leftText : rightText);
    return compareTexts(leftText, rightText);
  }
  if (isList(left) && isList(right)) return orderItems(left, right, run);
  if (left instanceof Tuple && right instanceof Tuple) {
    return orderItems(left.items, right.items, run);
  }
  throw new TypeError(`${typeName(left)} and ${typeName(right)} have no order`);
}

function orderItems(left: readonly Value[], right: readonly Value[], run: Run): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    if (!equals(left[at]!, right[at]!, run)) return order(left[at]!, right[at]!, run);
  }
  return left.length - right.length;
}

export function compare(operator: CompareOperator, left: Value, right: Value, run: Run): boolean {
  switch (operator) {
    case "==":
      return equals(left, right, run);
    case "!=":
      return !equals(left, right, run);
    case "in":
      return contains(right, left, run);
    case "not in":
      return !contains(right, left, run);
    case "<":
      return order(left, right, run) < 0;
    case "<=":
      return order(left, right, run) <= 0;
    case ">":
      return order(left, right, run) > 0;
    case ">=":
      return order(left, right, run) >= 0;
  }
}

export function contains(container: Value, value: Value, run: Run): boolean {
  const text = textOf(container);
  if (text !== undefined) {
    const part = textOf(value);
    assertDefined(value);
    if (part === undefined) throw new TypeError(`a text cannot hold a ${typeName(value)}`);
    return run.reading(text).includes(part);
  }
  if (isDict(container)) return lookUp(container, value, run) !== undefined;
  if (container instanceof View && container.kind === "keys") {
    return lookUp(container.dict, value, run) !== undefined;
  }
  for (const item of iterate(container, run)) {
    if (equals(item, value, run)) return true;
  }
  return false;
}

/** The value under a key; undefined if there is none. Throws for keys that no dict can have. */
export function lookUp(dict: ReadonlyMap<Value, Value>, key: Value, run: Run): Value | undefined {
  if (typeof key === "string" || key === null) return dict.get(key);
  assertHashable(key);
  const found = dict.get(key);
  if (found !== undefined || key instanceof Undefined) return found;
  const text = textOf(key);
  if (text !== undefined) return dict.get(text);
  // 1, 1.0 and True are one key, and tuples are compared by their items
  for (const [other, value] of dict) {
    run.spend(1);
    if (typeof other !== "string" && equals(other, key, run)) return value;
  }
  return undefined;
}

export function assertHashable(key: Value): void {
  if (isList(key) || isDict(key)) {
    throw new TypeError(`a ${typeName(key)} cannot be the key of a dict`);
  }
  if (key instanceof Tuple) for (const item of key.items) assertHashable(item);
}

/** Sets a key of a dict that is being made. */
export function put(dict: Map<Value, Value>, key: Value, value: Value, run: Run): void {
  if (typeof key === "string") {
    dict.set(key, value);
    return;
  }
  assertHashable(key);
  for (const other of dict.keys()) {
    run.spend(1);
    if (equals(other, key, run)) {
      dict.set(other, value);
      return;
    }
  }
  dict.set(key, value);
}

/** Returns the items of a value for a loop. Throws if the value is not iterable. */
export function iterate(value: Value, run: Run): Iterable<Value> {
  const items = sequenceOf(value);
  if (items !== undefined) return items;
  const text = textOf(value);
  if (text !== undefined) return run.reading(text);
  if (isDict(value)) return value.keys();
  if (value instanceof View) return value.items();
  if (value instanceof Lazy) {
    // No `return` method: a loop that ends early leaves the rest to the next loop.
    return { [Symbol.iterator]: () => ({ next: () => value.iterator.next() }) };
  }
  if (value instanceof Undefined) return [];
  throw new TypeError(`a ${typeName(value)} cannot be looped over`);
}

/** Returns all items of an iterable value; an iterator is read to its end. */
export function listOf(value: Value, run: Run): Value[] {
  const items: Value[] = [];
  const source = iterate(value, run);
  for (const item of source) {
    run.spend(1);
    items.push(item);
  }
  run.listing(items.length);
  return items;
}
