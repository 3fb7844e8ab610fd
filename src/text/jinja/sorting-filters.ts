import { bind } from "./arguments.ts";
import { attributeGetter } from "./attributes.ts";
import { numberOf } from "./numbers.ts";
import { assertHashable, equals, isTrue, iterate, listOf, math, order } from "./operators.ts";
import type { Run } from "./run.ts";
import type { Filter } from "./text-filters.ts";
import type { CallValues } from "./values.ts";
import {
  Float,
  isDict,
  Lazy,
  Markup,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
  valueOr,
} from "./values.ts";

/** Jinja's filters that order, group or add up items. */
export const SORTING_FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ["sort", sort],
  ["dictsort", sortDict],
  ["unique", unique],
  ["groupby", groupBy],
  ["min", extreme("min", (rank) => rank < 0)],
  ["max", extreme("max", (rank) => rank > 0)],
  ["sum", sum],
]);

/** Returns a text in lower case, unless case matters; other values unchanged. */
function sortable(value: Value, caseSensitive: Value): Value {
  const text = textOf(value);
  return text === undefined || isTrue(caseSensitive) ? value : text.toLowerCase();
}

interface Ranked<T> {
  readonly item: T;
  readonly key: Value;
}

function ordered<T>(ranked: readonly Ranked<T>[], reverse: boolean, run: Run): T[] {
  run.spend(ranked.length);
  const sorted = ranked.toSorted((a, b) => {
    run.spend(1);
    return reverse ? order(b.key, a.key, run) : order(a.key, b.key, run);
  });
  return sorted.map(({ item }) => item);
}

/** `reverse` must be a boolean or a number, as in Python's sorted. */
function flag(value: Value): boolean {
  const number = numberOf(value);
  if (number === undefined || number instanceof Float) throw new TypeError("reverse is no boolean");
  return isTrue(value);
}

function sort(value: Value, args: CallValues, run: Run): Value {
  const parameters = ["reverse", "case_sensitive", "attribute"];
  const [reverse = false, caseSensitive = false, attribute = null] = bind("sort", args, parameters);
  const names = typeof attribute === "string" ? attribute.split(",") : [attribute];
  const getters = names.map((name) => attributeGetter(name, run));
  const ranked = listOf(value, run).map((item) => ({
    item,
    key: getters.map((get) => sortable(get(item), caseSensitive)),
  }));
  return ordered(ranked, flag(reverse), run);
}

function sortDict(value: Value, args: CallValues, run: Run): Value {
  const parameters = ["case_sensitive", "by", "reverse"];
  const [caseSensitive = false, by = "key", reverse = false] = bind("dictsort", args, parameters);
  if (by !== "key" && by !== "value") throw new TypeError('dictsort sorts by "key" or "value"');
  if (!isDict(value)) throw new TypeError(`a ${typeName(value)} is no dict to sort`);
  const ranked = Array.from(value, (entry) => ({
    item: new Tuple(entry),
    key: sortable(entry[by === "key" ? 0 : 1], caseSensitive),
  }));
  return ordered<Value>(ranked, flag(reverse), run);
}

function unique(value: Value, args: CallValues, run: Run): Value {
  const parameters = ["case_sensitive", "attribute"];
  const [caseSensitive = false, attribute = null] = bind("unique", args, parameters);
  return new Lazy(distinct(value, caseSensitive, attribute, run));
}

function* distinct(
  value: Value,
  caseSensitive: Value,
  attribute: Value,
  run: Run,
): Generator<Value> {
  const get = attributeGetter(attribute, run);
  const texts = new Set<string>();
  const others: Value[] = [];
  for (const item of iterate(value, run)) {
    run.spend(1);
    const key = sortable(get(item), caseSensitive);
    assertHashable(key);
    if (typeof key === "string") {
      if (texts.has(key)) continue;
      texts.add(key);
    } else {
      if (others.some((other) => equals(other, key, run))) continue;
      others.push(key);
    }
    yield item;
  }
}

function groupBy(value: Value, args: CallValues, run: Run): Value {
  const parameters = ["attribute", "default", "case_sensitive"];
  const [attribute, fallback = null, caseSensitive = false] = bind("groupby", args, parameters, 1);
  const get = attributeGetter(attribute!, run, fallback);
  const ranked = listOf(value, run).map((item) => {
    const key = sortable(get(item), caseSensitive);
    return { item: { item, key }, key };
  });
  const groups: { readonly key: Value; readonly items: Value[] }[] = [];
  for (const { item, key } of ordered(ranked, false, run)) {
    const group = groups.at(-1);
    if (group !== undefined && equals(group.key, key, run)) group.items.push(item);
    else groups.push({ key, items: [item] });
  }
  return groups.map(({ key, items }) => {
    const grouper = isTrue(caseSensitive) ? key : get(items[0]!);
    return new Tuple([grouper, items], ["grouper", "list"]);
  });
}

function extreme(name: string, isBetter: (rank: number) => boolean): Filter {
  return (value, args, run) => {
    const parameters = ["case_sensitive", "attribute"];
    const [caseSensitive = false, attribute = null] = bind(name, args, parameters);
    const get = attributeGetter(attribute, run);
    let best: Ranked<Value> | undefined;
    for (const item of iterate(value, run)) {
      run.spend(1);
      const key = sortable(get(item), caseSensitive);
      if (best === undefined || isBetter(order(key, best.key, run))) best = { item, key };
    }
    return valueOr(best?.item, () => new Undefined("the sequence is empty"));
  };
}

function sum(value: Value, args: CallValues, run: Run): Value {
  const [attribute = null, start = 0] = bind("sum", args, ["attribute", "start"]);
  if (typeof start === "string" || start instanceof Markup) {
    throw new TypeError("texts are joined, not added up");
  }
  const get = attributeGetter(attribute, run);
  let total: Value = start;
  for (const item of iterate(value, run)) {
    run.spend(1);
    total = math("+", total, get(item), run);
  }
  return total;
}
