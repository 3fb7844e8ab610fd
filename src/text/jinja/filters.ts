import { readFloat, roundFloat } from "../../core/python/floats.ts";
import { bind } from "./arguments.ts";
import { attributeGetter, ownAttribute } from "./attributes.ts";
import { assertShort, isInteger, normalize, numberOf, parseInteger, toFloat } from "./numbers.ts";
import { assertDefined, isTrue, iterate, listOf } from "./operators.ts";
import { print } from "./print.ts";
import { roundInteger } from "./round.ts";
import type { Run } from "./run.ts";
import { SORTING_FILTERS } from "./sorting-filters.ts";
import { TESTS } from "./tests.ts";
import { characterCount, characters, reverseText } from "./text.ts";
import { type Filter, TEXT_FILTERS } from "./text-filters.ts";
import type { CallValues } from "./values.ts";
import {
  Float,
  isDict,
  Lazy,
  like,
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

/** Jinja's filters by name, without those that write HTML or random text. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ...TEXT_FILTERS,
  ...SORTING_FILTERS,
  ["default", fallBack],
  ["d", fallBack],
  ["length", (value, args) => lengthOf(value, args)],
  ["count", (value, args) => lengthOf(value, args)],
  ["first", first],
  ["last", last],
  ["list", list],
  ["reverse", reverse],
  ["join", join],
  ["items", items],
  ["batch", batch],
  ["slice", slice],
  ["map", map],
  ["select", choosing(false, true)],
  ["reject", choosing(false, false)],
  ["selectattr", choosing(true, true)],
  ["rejectattr", choosing(true, false)],
  ["attr", attribute],
  ["int", toInteger],
  ["float", toFloatValue],
  ["abs", absolute],
  ["round", round],
]);

function fallBack(value: Value, args: CallValues): Value {
  const parameters = ["default_value", "boolean"];
  const [fallback = "", boolean = false] = bind("default", args, parameters);
  const isMissing = value instanceof Undefined || (isTrue(boolean) && !isTrue(value));
  return isMissing ? fallback : value;
}

function lengthOf(value: Value, args: CallValues): number {
  bind("length", args, []);
  const text = textOf(value);
  if (text !== undefined) return characterCount(text);
  const items = sequenceOf(value);
  if (items !== undefined) return items.length;
  if (isDict(value)) return value.size;
  if (value instanceof View) return value.dict.size;
  if (value instanceof Undefined) return 0;
  const length = value instanceof Special ? value.parts.length?.() : undefined;
  if (length === undefined) throw new TypeError(`a ${typeName(value)} has no length`);
  return length;
}

function first(value: Value, args: CallValues, run: Run): Value {
  bind("first", args, []);
  for (const item of iterate(value, run)) return item;
  return new Undefined("there is no first item: the sequence is empty");
}

function last(value: Value, args: CallValues, run: Run): Value {
  bind("last", args, []);
  if (value instanceof Lazy) throw new TypeError("an iterator has no last item");
  const text = textOf(value);
  const letter = text === undefined ? undefined : characters(text).at(-1);
  if (letter !== undefined) return like(value, letter);
  const items = sequenceOf(value) ?? listOf(value, run);
  return valueOr(items.at(-1), () => {
    return new Undefined("there is no last item: the sequence is empty");
  });
}

function list(value: Value, args: CallValues, run: Run): Value {
  bind("list", args, []);
  return listOf(value, run);
}

function reverse(value: Value, args: CallValues, run: Run): Value {
  bind("reverse", args, []);
  const text = textOf(value);
  if (text !== undefined) return like(value, reverseText(run.reading(text)));
  const reversed = listOf(value, run).reverse();
  return value instanceof Lazy ? reversed : new Lazy(reversed.values());
}

function join(value: Value, args: CallValues, run: Run): Value {
  const [separator = "", attribute] = bind("join", args, ["d", "attribute"]);
  const get = attributeGetter(attribute ?? null, run);
  const between = print(separator, run);
  const parts: string[] = [];
  let length = 0;
  for (const item of iterate(value, run)) {
    const part = print(get(item), run);
    length += part.length + between.length;
    run.spend(1);
    parts.push(part);
  }
  run.making(length);
  return parts.join(between);
}

function items(value: Value, args: CallValues): Value {
  bind("items", args, []);
  if (value instanceof Undefined) return new Lazy([].values());
  return new Lazy(pairs(value));
}

function* pairs(value: Value): Generator<Value> {
  if (!isDict(value)) throw new TypeError("only a dict has items");
  for (const entry of value) yield new Tuple(entry);
}

function batch(value: Value, args: CallValues, run: Run): Value {
  const [size, filler = null] = bind("batch", args, ["linecount", "fill_with"], 1);
  return new Lazy(batches(value, size!, filler, run));
}

function* batches(value: Value, size: Value, filler: Value, run: Run): Generator<Value> {
  const number = numberOf(size);
  if (number === undefined) assertDefined(size);
  const most = number === undefined ? Number.NaN : toFloat(number);
  let row: Value[] = [];
  for (const item of iterate(value, run)) {
    if (row.length === most) {
      yield row;
      row = [];
    }
    run.spend(1);
    row.push(item);
  }
  if (row.length === 0) return;
  if (filler !== null && row.length < most) {
    run.listing(most);
    while (row.length < most) row.push(filler);
  }
  yield row;
}

function slice(value: Value, args: CallValues, run: Run): Value {
  const [count, filler = null] = bind("slice", args, ["slices", "fill_with"], 1);
  return new Lazy(slices(value, count!, filler, run));
}

function* slices(value: Value, count: Value, filler: Value, run: Run): Generator<Value> {
  const items = listOf(value, run);
  const number = numberOf(count);
  if (!isInteger(number) || Number(number) === 0) throw new TypeError("slices must be an integer");
  const columns = Number(number);
  const size = Math.floor(items.length / columns);
  const longer = items.length % columns;
  for (let at = 0, start = 0; at < columns; at++) {
    const end = start + size + (at < longer ? 1 : 0);
    run.listing(end - start);
    run.spend(1);
    const row = items.slice(start, end);
    yield filler !== null && at >= longer ? [...row, filler] : row;
    start = end;
  }
}

function map(value: Value, args: CallValues, run: Run): Value {
  return new Lazy(mapped(value, args, run));
}

function* mapped(value: Value, args: CallValues, run: Run): Generator<Value> {
  if (!isTrue(value)) return;
  const change = changeOf(args, run);
  for (const item of iterate(value, run)) {
    run.spend(1);
    yield change(item);
  }
}

function changeOf({ positional, named }: CallValues, run: Run): (item: Value) => Value {
  const attribute = named.get("attribute");
  if (positional.length === 0 && attribute !== undefined) {
    const unknown = [...named.keys()].find((name) => name !== "attribute" && name !== "default");
    if (unknown !== undefined) throw new TypeError(`map has no argument ${unknown}`);
    return attributeGetter(attribute, run, named.get("default") ?? null);
  }
  const [name = null, ...rest] = positional;
  const filter = FILTERS.get(textOf(name) ?? "");
  if (filter === undefined) throw new TypeError("map needs the name of a filter");
  return (item) => filter(item, { positional: rest, named }, run);
}

/** select, reject, selectattr and rejectattr. */
function choosing(ofAttribute: boolean, wanted: boolean): Filter {
  return (value, args, run) => new Lazy(chosen(value, args, run, ofAttribute, wanted));
}

function* chosen(
  value: Value,
  { positional, named }: CallValues,
  run: Run,
  ofAttribute: boolean,
  wanted: boolean,
): Generator<Value> {
  if (!isTrue(value)) return;
  if (ofAttribute && positional.length === 0) throw new TypeError("an attribute must be named");
  const get = attributeGetter(ofAttribute ? positional[0]! : null, run);
  const [name, ...rest] = positional.slice(ofAttribute ? 1 : 0);
  const test = name === undefined ? undefined : TESTS.get(textOf(name) ?? "");
  if (name !== undefined && test === undefined) throw new TypeError("there is no such test");
  for (const item of iterate(value, run)) {
    run.spend(1);
    const looked = get(item);
    const passes = test?.(looked, { positional: rest, named }, run) ?? isTrue(looked);
    if (passes === wanted) yield item;
  }
}

function attribute(value: Value, args: CallValues, run: Run): Value {
  const name = textOf(bind("attr", args, ["name"], 1)[0]!);
  if (name === undefined) throw new TypeError("attr needs a name");
  return valueOr(ownAttribute(value, name, run), () => {
    return new Undefined(`there is no attribute ${name}`);
  });
}

function toInteger(value: Value, args: CallValues): Value {
  const [fallback = 0, base = 10] = bind("int", args, ["default", "base"]);
  assertDefined(value);
  const number = numberOf(value);
  if (number !== undefined)
    return number instanceof Float ? truncated(number.value, fallback) : number;
  const text = textOf(value);
  if (text === undefined) return fallback;
  const radix = numberOf(base);
  const integer = parseInteger(text, radix === undefined ? 10 : toFloat(radix));
  if (integer !== undefined) return integer;
  const float = readFloat(text);
  return float === undefined ? fallback : truncated(float, fallback);
}

function truncated(value: number, fallback: Value): Value {
  if (Number.isNaN(value)) return fallback;
  if (!Number.isFinite(value)) throw new RangeError("infinity is no integer");
  return normalize(BigInt(Math.trunc(value)));
}

function toFloatValue(value: Value, args: CallValues): Value {
  const [fallback = new Float(0)] = bind("float", args, ["default"]);
  assertDefined(value);
  const number = numberOf(value);
  if (number !== undefined) return new Float(toFloat(number));
  const parsed = readFloat(textOf(value) ?? "");
  return parsed === undefined ? fallback : new Float(parsed);
}

function absolute(value: Value, args: CallValues): Value {
  bind("abs", args, []);
  const number = numberOf(value);
  if (number === undefined) throw new TypeError(`a ${typeName(value)} has no absolute value`);
  if (number instanceof Float) return new Float(Math.abs(number.value));
  return number < 0 ? assertShort(-number) : number;
}

function round(value: Value, args: CallValues): Value {
  const [precision = 0, method = "common"] = bind("round", args, ["precision", "method"]);
  const [number, places] = [numberOf(value), numberOf(precision)];
  if (number === undefined || !isInteger(places)) throw new TypeError("round needs numbers");
  const digits = Number(places);
  if (Math.abs(digits) > 300) throw new RangeError("more than 300 digits");
  if (method === "common") {
    if (!(number instanceof Float)) return roundInteger(number, digits);
    return new Float(roundFloat(number.value, digits));
  }
  if (method !== "ceil" && method !== "floor") throw new TypeError("no such way to round");
  const scale = 10 ** digits;
  return new Float(Math[method](toFloat(number) * scale) / scale);
}
