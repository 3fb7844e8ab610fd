import { bind } from "./arguments.ts";
import { isInteger, numberOf } from "./numbers.ts";
import { compare, contains, equals, math } from "./operators.ts";
import { print } from "./print.ts";
import type { Run } from "./run.ts";
import { isLower, isUpper } from "./string-methods.ts";
import type { CallValues } from "./values.ts";
import {
  Float,
  isDict,
  Lazy,
  Markup,
  Special,
  sequenceOf,
  textOf,
  Undefined,
  type Value,
  View,
} from "./values.ts";

export type Test = (value: Value, args: CallValues, run: Run) => boolean;

/** Jinja's tests, by all of their names. */
export const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ["defined", about((value) => !(value instanceof Undefined))],
  ["undefined", about((value) => value instanceof Undefined)],
  ["none", about((value) => value === null)],
  ["boolean", about((value) => typeof value === "boolean")],
  ["true", about((value) => value === true)],
  ["false", about((value) => value === false)],
  ["integer", about(isInteger)],
  ["float", about((value) => value instanceof Float)],
  ["number", about((value) => numberOf(value) !== undefined)],
  ["string", about((value) => textOf(value) !== undefined)],
  ["mapping", about(isDict)],
  ["sequence", about(isSequence)],
  ["iterable", about(isIterable)],
  ["callable", about(isCallable)],
  ["escaped", about((value) => value instanceof Markup)],
  ["odd", (value, args, run) => remainder("odd", value, 2, args, run, 1)],
  ["even", (value, args, run) => remainder("even", value, 2, args, run, 0)],
  ["divisibleby", divisibleBy],
  ["lower", (value, args, run) => isLower(written("lower", value, args, run))],
  ["upper", (value, args, run) => isUpper(written("upper", value, args, run))],
  ["sameas", with1("sameas", isSame)],
  ["in", with1("in", (value, other, run) => contains(other, value, run))],
  ...["eq", "equalto", "=="].map(comparing("==")),
  ...["ne", "!="].map(comparing("!=")),
  ...["lt", "lessthan", "<"].map(comparing("<")),
  ...["le", "<="].map(comparing("<=")),
  ...["gt", "greaterthan", ">"].map(comparing(">")),
  ...["ge", ">="].map(comparing(">=")),
]);

function about(check: (value: Value) => boolean): Test {
  return (value, args) => {
    bind("the test", args, []);
    return check(value);
  };
}

function with1(name: string, check: (value: Value, other: Value, run: Run) => boolean): Test {
  return (value, args, run) => check(value, bind(name, args, ["other"], 1)[0]!, run);
}

function comparing(operator: "==" | "!=" | "<" | "<=" | ">" | ">=") {
  return (name: string): [string, Test] => [
    name,
    with1(name, (value, other, run) => compare(operator, value, other, run)),
  ];
}

function remainder(
  name: string,
  value: Value,
  divisor: Value,
  args: CallValues,
  run: Run,
  wanted: number,
): boolean {
  bind(name, args, []);
  return equals(math("%", value, divisor, run), wanted, run);
}

function divisibleBy(value: Value, args: CallValues, run: Run): boolean {
  const [divisor] = bind("divisibleby", args, ["num"], 1);
  return equals(math("%", value, divisor!, run), 0, run);
}

function written(name: string, value: Value, args: CallValues, run: Run): string {
  bind(name, args, []);
  return run.reading(print(value, run));
}

function isSame(value: Value, other: Value, run: Run): boolean {
  if (value instanceof Undefined || other instanceof Undefined) return value === other;
  if (typeof value === "string") return typeof other === "string" && equals(value, other, run);
  return value === other;
}

function isSequence(value: Value): boolean {
  if (textOf(value) !== undefined || sequenceOf(value) !== undefined) return true;
  return isDict(value) || value instanceof Undefined;
}

function isIterable(value: Value): boolean {
  return isSequence(value) || value instanceof View || value instanceof Lazy;
}

function isCallable(value: Value): boolean {
  if (value instanceof Undefined) return true;
  return value instanceof Special && value.parts.call !== undefined;
}
