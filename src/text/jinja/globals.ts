import { LIMITS } from "../../core/limits.ts";
import { bind } from "./arguments.ts";
import { TemplateError } from "./errors.ts";
import { indexOf } from "./numbers.ts";
import { assertDefined, iterate, put } from "./operators.ts";
import { print, represent } from "./print.ts";
import type { Run } from "./run.ts";
import { strftime } from "./strftime.ts";
import type { CallValues } from "./values.ts";
import {
  isDict,
  Range,
  Special,
  sequenceOf,
  Tuple,
  textOf,
  typeName,
  type Value,
} from "./values.ts";

/** The functions that every template may call: Jinja's, and those that transformers adds. */
export const GLOBALS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["range", callable("range", makeRange)],
  ["dict", callable("dict", makeDict)],
  ["namespace", callable("namespace", makeNamespace)],
  ["cycler", callable("cycler", makeCycler)],
  ["joiner", callable("joiner", makeJoiner)],
  ["raise_exception", callable("raise_exception", raise)],
  ["strftime_now", callable("strftime_now", formatNow)],
]);

function callable(name: string, call: (args: CallValues, run: Run) => Value): Special {
  return new Special({ type: "function", call, print: () => `<function ${name}>` });
}

function makeRange(args: CallValues): Value {
  const [first, second, third] = bind("range", args, ["start", "stop", "step"], 1);
  const step = third === undefined ? 1 : indexOf(third, "the step");
  const [start, stop] = second === undefined ? [0, first!] : [indexOf(first!, "the start"), second];
  if (step === 0) throw new RangeError("the step of a range is 0");
  const end = indexOf(stop, "the end of a range");
  if (Range.count(start, end, step) > LIMITS.template.rangeItems) {
    throw new RangeError(`a range has more than ${LIMITS.template.rangeItems} numbers`);
  }
  return new Range(start, end, step);
}

function makeDict({ positional, named }: CallValues, run: Run): Map<Value, Value> {
  if (positional.length > 1) throw new TypeError("dict takes one argument");
  const made = new Map<Value, Value>();
  const source = positional[0];
  if (source !== undefined) {
    assertDefined(source);
    for (const [key, value] of isDict(source) ? source : pairsOf(source, run)) {
      put(made, key, value, run);
    }
  }
  for (const [name, value] of named) made.set(name, value);
  return made;
}

function* pairsOf(source: Value, run: Run): Generator<readonly [Value, Value]> {
  for (const pair of iterate(source, run)) {
    const text = textOf(pair);
    const items = text === undefined ? sequenceOf(pair) : Array.from(text);
    if (items?.length !== 2) throw new TypeError(`a ${typeName(pair)} is no pair for a dict`);
    yield [items[0]!, items[1]!];
  }
}

function makeNamespace(args: CallValues, run: Run): Value {
  const attributes = makeDict(args, run);
  return new Special({
    type: "Namespace",
    attribute: (name) => attributes.get(name),
    assign: (name, value) => attributes.set(name, value),
    print: (printing) => `<Namespace ${represent(attributes, printing)}>`,
  });
}

function makeCycler({ positional: items }: CallValues): Value {
  if (items.length === 0) throw new TypeError("a cycler needs an item");
  let at = 0;
  const methods = new Map<string, Value>([
    [
      "next",
      callable("next", () => {
        const item = items[at]!;
        at = (at + 1) % items.length;
        return item;
      }),
    ],
    [
      "reset",
      callable("reset", () => {
        at = 0;
        return null;
      }),
    ],
  ]);
  const attribute = (name: string): Value | undefined => {
    if (name === "items") return new Tuple(items);
    if (name === "pos") return at;
    return name === "current" ? items[at] : methods.get(name);
  };
  return new Special({ type: "Cycler", attribute });
}

function makeJoiner(args: CallValues): Value {
  const [separator = ", "] = bind("joiner", args, ["sep"]);
  let isUsed = false;
  const call = (): Value => {
    if (isUsed) return separator;
    isUsed = true;
    return "";
  };
  const attribute = (name: string): Value | undefined => {
    if (name === "sep") return separator;
    return name === "used" ? isUsed : undefined;
  };
  return new Special({ type: "Joiner", call, attribute });
}

function raise(args: CallValues, run: Run): never {
  const [message] = bind("raise_exception", args, ["message"], 1);
  throw new TemplateError(print(message!, run), run.line, "raised");
}

function formatNow(args: CallValues): Value {
  const [pattern] = bind("strftime_now", args, ["format"], 1);
  const text = textOf(pattern!);
  if (text === undefined) throw new TypeError("strftime_now needs a text");
  return strftime(text, new Date());
}
