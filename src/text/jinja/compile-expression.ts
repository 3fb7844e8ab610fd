import type { CallArguments, Expression, FilterExpression } from "./ast.ts";
import { readAttribute, readItem, readSlice } from "./attributes.ts";
import { TemplateError } from "./errors.ts";
import { FILTERS } from "./filters.ts";
import { calculate, numberOf } from "./numbers.ts";
import { compare, isTrue, iterate, math, put } from "./operators.ts";
import { print } from "./print.ts";
import type { Run } from "./run.ts";
import type { Evaluate, Frame, Scope } from "./scope.ts";
import { TESTS } from "./tests.ts";
import type { CallValues } from "./values.ts";
import { isDict, Special, Tuple, textOf, typeName, Undefined, type Value } from "./values.ts";

/** Compiles expressions to functions. `nodes` counts compiled nodes, as a measure of cost. */
export class ExpressionCompiler {
  nodes = 0;
  /** Line of the statement that is compiled. */
  line = 0;

  compile(node: Expression, scope: Scope): Evaluate {
    this.nodes += 1;
    switch (node.type) {
      case "constant":
        return always(node.value);
      case "name":
        return scope.reader(node.name);
      case "list":
      case "tuple":
        return this.sequence(node, scope);
      case "dict":
        return this.dict(node.entries, scope);
      case "concat":
        return this.concat(node.items, scope);
      case "attribute": {
        const object = this.compile(node.object, scope);
        return (frame) => readAttribute(object(frame), node.name, frame.run);
      }
      case "item":
        return this.item(node.object, node.key, scope);
      case "slice":
        throw this.error("a slice stands where none can be");
      case "call": {
        const callee = this.compile(node.callee, scope);
        const args = this.arguments(node.args, scope);
        return (frame) => call(callee(frame), args(frame), frame.run);
      }
      case "filter":
        return this.filter(node, scope, undefined);
      case "test":
        return this.test(node, scope);
      case "compare":
        return this.comparison(node, scope);
      case "condition":
        return this.condition(node, scope);
      default:
        return this.operation(node, scope);
    }
  }

  private operation(
    node: Expression & { readonly type: "math" | "unary" | "and" | "or" },
    scope: Scope,
  ): Evaluate {
    if (node.type === "unary") {
      const value = this.compile(node.value, scope);
      if (node.operator === "not") return (frame) => !isTrue(value(frame));
      const sign = node.operator === "-" ? -1 : 1;
      return (frame) => signed(value(frame), sign);
    }
    const left = this.compile(node.left, scope);
    const right = this.compile(node.right, scope);
    if (node.type === "math") {
      const { operator } = node;
      return (frame) => math(operator, left(frame), right(frame), frame.run);
    }
    const isAnd = node.type === "and";
    return (frame) => {
      const value = left(frame);
      return isTrue(value) === isAnd ? right(frame) : value;
    };
  }

  private sequence(
    { type, items }: { readonly type: "list" | "tuple"; readonly items: readonly Expression[] },
    scope: Scope,
  ): Evaluate {
    const compiled = items.map((item) => this.compile(item, scope));
    if (type === "list") return (frame) => compiled.map((item) => item(frame));
    return (frame) => new Tuple(compiled.map((item) => item(frame)));
  }

  private dict(entries: readonly (readonly [Expression, Expression])[], scope: Scope): Evaluate {
    const compiled = entries.map(
      ([key, value]) => [this.compile(key, scope), this.compile(value, scope)] as const,
    );
    return (frame) => {
      const made = new Map<Value, Value>();
      for (const [key, value] of compiled) put(made, key(frame), value(frame), frame.run);
      return made;
    };
  }

  private concat(items: readonly Expression[], scope: Scope): Evaluate {
    const compiled = items.map((item) => this.compile(item, scope));
    return (frame) => {
      let text = "";
      for (const item of compiled) text += print(item(frame), frame.run);
      frame.run.making(text.length);
      return text;
    };
  }

  private item(object: Expression, key: Expression, scope: Scope): Evaluate {
    const read = this.compile(object, scope);
    if (key.type !== "slice") {
      const keyOf = this.compile(key, scope);
      return (frame) => readItem(read(frame), keyOf(frame), frame.run);
    }
    const part = (node: Expression | undefined): ((frame: Frame) => Value | undefined) =>
      node === undefined ? () => undefined : this.compile(node, scope);
    const [start, stop, step] = [part(key.start), part(key.stop), part(key.step)];
    return (frame) => readSlice(read(frame), start(frame), stop(frame), step(frame), frame.run);
  }

  arguments(args: CallArguments, scope: Scope): (frame: Frame) => CallValues {
    const positional = args.positional.map((value) => this.compile(value, scope));
    const named = args.named.map(([name, value]) => [name, this.compile(value, scope)] as const);
    if (new Set(named.map(([name]) => name)).size < named.length) {
      throw this.error("a call names an argument twice");
    }
    const rest = args.rest === undefined ? undefined : this.compile(args.rest, scope);
    const more = args.namedRest === undefined ? undefined : this.compile(args.namedRest, scope);
    if (named.length === 0 && rest === undefined && more === undefined) {
      return (frame) => ({ positional: positional.map((value) => value(frame)), named: NO_NAMES });
    }
    return (frame) => {
      const values = positional.map((value) => value(frame));
      if (rest !== undefined) for (const item of iterate(rest(frame), frame.run)) values.push(item);
      const byName = new Map(named.map(([name, value]) => [name, value(frame)]));
      if (more !== undefined) addNamed(byName, more(frame));
      frame.run.spend(values.length + byName.size);
      return { positional: values, named: byName };
    };
  }

  /** `input`: the text of the block to which the filter applies, if it has no value. */
  filter(node: FilterExpression, scope: Scope, input: Evaluate | undefined): Evaluate {
    const value =
      node.value === undefined
        ? input!
        : node.value.type === "filter"
          ? this.filter(node.value, scope, input)
          : this.compile(node.value, scope);
    this.nodes += 1;
    const filter = FILTERS.get(node.name);
    if (filter === undefined) return this.unknown(`there is no filter ${node.name}`, scope);
    const args = this.arguments(node.args, scope);
    return (frame) => filter(value(frame), args(frame), frame.run);
  }

  private test(node: Expression & { readonly type: "test" }, scope: Scope): Evaluate {
    const value = this.compile(node.value, scope);
    const test = TESTS.get(node.name) ?? NAME_TESTS.get(node.name);
    if (test === undefined) return this.unknown(`there is no test ${node.name}`, scope);
    const args = this.arguments(node.args, scope);
    return (frame) => test(value(frame), args(frame), frame.run);
  }

  private unknown(message: string, scope: Scope): Evaluate {
    if (!scope.isConditional) throw this.error(message);
    return () => {
      throw new TypeError(message);
    };
  }

  private comparison(node: Expression & { readonly type: "compare" }, scope: Scope): Evaluate {
    const first = this.compile(node.first, scope);
    const rest = node.rest.map(
      ([operator, right]) => [operator, this.compile(right, scope)] as const,
    );
    return (frame) => {
      let left = first(frame);
      for (const [operator, compiled] of rest) {
        const right = compiled(frame);
        if (!compare(operator, left, right, frame.run)) return false;
        left = right;
      }
      return true;
    };
  }

  private condition(node: Expression & { readonly type: "condition" }, scope: Scope): Evaluate {
    const before = scope.isConditional;
    scope.isConditional = true;
    const test = this.compile(node.test, scope);
    const whenTrue = this.compile(node.whenTrue, scope);
    const whenFalse = node.whenFalse === undefined ? noElse : this.compile(node.whenFalse, scope);
    scope.isConditional = before;
    return (frame) => (isTrue(test(frame)) ? whenTrue(frame) : whenFalse(frame));
  }

  private error(message: string): TemplateError {
    return new TemplateError(message, this.line, "syntax");
  }
}

const NO_NAMES: ReadonlyMap<string, Value> = new Map();

/** Tests for the names of filters and tests, which need both tables. */
const NAME_TESTS: ReadonlyMap<string, (value: Value) => boolean> = new Map([
  ["filter", (value: Value) => FILTERS.has(textOf(value) ?? "")],
  ["test", (value: Value) => TESTS.has(textOf(value) ?? "") || NAME_TESTS.has(textOf(value) ?? "")],
]);

function always(value: Value): Evaluate {
  return () => value;
}

function noElse(): Value {
  return new Undefined("the condition of an inline if is false and it has no else");
}

function signed(value: Value, sign: 1 | -1): Value {
  if (value instanceof Undefined) throw new TypeError(value.hint);
  const number = numberOf(value);
  if (number === undefined) throw new TypeError(`a ${typeName(value)} has no sign`);
  return calculate("*", number, sign);
}

function addNamed(named: Map<string, Value>, more: Value): void {
  if (!isDict(more)) throw new TypeError(`** needs a dict, not a ${typeName(more)}`);
  for (const [key, value] of more) {
    const name = textOf(key);
    if (name === undefined) throw new TypeError("the names of arguments must be texts");
    if (named.has(name)) throw new TypeError(`a call names the argument ${name} twice`);
    named.set(name, value);
  }
}

/** Calls a function, method or macro. Throws if the value is not callable. */
export function call(callee: Value, args: CallValues, run: Run): Value {
  if (callee instanceof Special && callee.parts.call !== undefined) {
    run.spend(1);
    return callee.parts.call(args, run);
  }
  const reason = callee instanceof Undefined ? callee.hint : `a ${typeName(callee)}`;
  throw new TypeError(`cannot be called: ${reason}`);
}
