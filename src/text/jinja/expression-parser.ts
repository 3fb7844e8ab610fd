import type {
  CallArguments,
  CompareOperator,
  Expression,
  FilterExpression,
  MathOperator,
} from "./ast.ts";
import { parseInteger } from "./numbers.ts";
import type { TokenStream } from "./token-stream.ts";
import { Float } from "./values.ts";

const CONSTANTS = new Map<string, boolean | null>([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);
const COMPARISONS = new Set<string>(["==", "!=", "<", "<=", ">", ">="]);
/** Binary operators of one rank, from the loosest. `~` stands between the first and the second. */
const MATH = [["+", "-"], ["*", "/", "//", "%"], ["**"]] as const;
const NO_ARGUMENTS: CallArguments = {
  positional: [],
  named: [],
  rest: undefined,
  namedRest: undefined,
};

/** Parses expressions by Jinja's grammar, which differs from Python's in ranks and filters. */
export class ExpressionParser {
  private readonly stream: TokenStream;

  constructor(stream: TokenStream) {
    this.stream = stream;
  }

  expression(): Expression {
    let value = this.withoutCondition();
    while (this.stream.skip("name", "if")) {
      const test = this.withoutCondition();
      const isElse = this.stream.skip("name", "else");
      const whenFalse = isElse ? this.stream.nested(() => this.expression()) : undefined;
      value = { type: "condition", test, whenTrue: value, whenFalse };
    }
    return value;
  }

  /** Expressions with commas between them are a tuple; `isEnd` says where no more follows. */
  tuple(options: { condition?: boolean; isEnd?: () => boolean; mayBeEmpty?: boolean } = {}) {
    const { stream } = this;
    const isEnd = (): boolean =>
      stream.is("print-end") ||
      stream.is("block-end") ||
      stream.isOperator(")") ||
      options.isEnd?.() === true;
    const one = (): Expression =>
      options.condition === false ? this.withoutCondition() : this.expression();
    const items: Expression[] = [];
    let isTuple = false;
    while (!isEnd()) {
      items.push(one());
      if (!stream.skipOperator(",")) break;
      isTuple = true;
    }
    if (isTuple) return { type: "tuple", items } satisfies Expression;
    if (items[0] !== undefined) return items[0];
    if (options.mayBeEmpty !== true) throw stream.unexpected();
    return { type: "tuple", items } satisfies Expression;
  }

  /** Filters that follow, applied to `value`; the first may stand without its `|`. */
  filters(value: Expression | undefined, isInline = false): FilterExpression | undefined {
    let result: FilterExpression | undefined;
    let inline = isInline;
    while (inline || this.stream.skipOperator("|")) {
      const name = this.dottedName();
      const args = this.stream.isOperator("(") ? this.arguments() : NO_ARGUMENTS;
      result = { type: "filter", value: result ?? value, name, args };
      inline = false;
    }
    return result;
  }

  withoutCondition(): Expression {
    return this.stream.nested(() => this.or());
  }

  private or(): Expression {
    let left = this.and();
    while (this.stream.skip("name", "or")) left = { type: "or", left, right: this.and() };
    return left;
  }

  private and(): Expression {
    let left = this.not();
    while (this.stream.skip("name", "and")) left = { type: "and", left, right: this.not() };
    return left;
  }

  private not(): Expression {
    if (!this.stream.skip("name", "not")) return this.comparison();
    const value = this.stream.nested(() => this.not());
    return { type: "unary", operator: "not", value };
  }

  private comparison(): Expression {
    const first = this.math(0);
    const rest: [CompareOperator, Expression][] = [];
    for (;;) {
      const operator = this.compareOperator();
      if (operator === undefined) break;
      rest.push([operator, this.math(0)]);
    }
    return rest.length === 0 ? first : { type: "compare", first, rest };
  }

  private compareOperator(): CompareOperator | undefined {
    const { stream } = this;
    const { type, value } = stream.current;
    if (type === "operator" && COMPARISONS.has(value)) return stream.next().value as "==";
    if (stream.skip("name", "in")) return "in";
    const { following } = stream;
    if (!stream.is("name", "not") || following.type !== "name" || following.value !== "in") {
      return undefined;
    }
    stream.next();
    stream.next();
    return "not in";
  }

  private math(rank: number): Expression {
    const operators: readonly string[] | undefined = MATH[rank];
    if (operators === undefined) return this.unary();
    const operand = (): Expression => (rank === 0 ? this.concat() : this.math(rank + 1));
    let left = operand();
    while (this.stream.is("operator") && operators.includes(this.stream.current.value)) {
      const operator = this.stream.next().value as MathOperator;
      left = { type: "math", operator, left, right: operand() };
    }
    return left;
  }

  private concat(): Expression {
    const items = [this.math(1)];
    while (this.stream.skipOperator("~")) items.push(this.math(1));
    return items.length === 1 ? items[0]! : { type: "concat", items };
  }

  private unary(withFilter = true): Expression {
    const { stream } = this;
    const sign = stream.isOperator("-") ? "-" : stream.isOperator("+") ? "+" : undefined;
    let value: Expression;
    if (sign === undefined) value = this.primary();
    else {
      stream.next();
      value = { type: "unary", operator: sign, value: stream.nested(() => this.unary(false)) };
    }
    value = this.postfix(value);
    return withFilter ? this.filtersAndTests(value) : value;
  }

  private primary(): Expression {
    const { stream } = this;
    const { type, value } = stream.current;
    if (type === "name") {
      stream.next();
      const constant = CONSTANTS.get(value);
      return constant === undefined ? { type: "name", name: value } : constantOf(constant);
    }
    if (type === "string") {
      let text = "";
      while (stream.is("string")) text += stream.next().value;
      return constantOf(text);
    }
    if (type === "integer" || type === "float") {
      stream.next();
      if (type === "float") return constantOf(new Float(Number(value)));
      const integer = parseInteger(value, 0);
      if (integer === undefined) throw stream.error("a number is too long");
      return constantOf(integer);
    }
    if (stream.skipOperator("(")) {
      const inside = this.tuple({ mayBeEmpty: true });
      stream.expect("operator", ")");
      return inside;
    }
    if (stream.skipOperator("[")) return this.list();
    if (stream.skipOperator("{")) return this.dict();
    throw stream.unexpected();
  }

  private list(): Expression {
    const items: Expression[] = [];
    this.separated("]", () => items.push(this.expression()));
    return { type: "list", items };
  }

  private dict(): Expression {
    const entries: [Expression, Expression][] = [];
    this.separated("}", () => {
      const key = this.expression();
      this.stream.expect("operator", ":");
      entries.push([key, this.expression()]);
    });
    return { type: "dict", entries };
  }

  /** Parses up to `closer`; a comma may stand before it. */
  private separated(closer: string, parse: () => void): void {
    while (!this.stream.skipOperator(closer)) {
      parse();
      if (!this.stream.isOperator(closer)) this.stream.expect("operator", ",");
    }
  }

  private postfix(start: Expression): Expression {
    const { stream } = this;
    let value = start;
    for (;;) {
      if (stream.skipOperator(".")) value = this.attribute(value);
      else if (stream.skipOperator("[")) value = this.subscript(value);
      else if (stream.isOperator("(")) {
        value = { type: "call", callee: value, args: this.arguments() };
      } else return value;
    }
  }

  private attribute(object: Expression): Expression {
    const { stream } = this;
    if (stream.is("name")) return { type: "attribute", object, name: stream.next().value };
    const key = parseInteger(stream.expect("integer").value, 0);
    return { type: "item", object, key: constantOf(key ?? null) };
  }

  private subscript(object: Expression): Expression {
    const keys: Expression[] = [];
    while (!this.stream.skipOperator("]")) {
      if (keys.length > 0) this.stream.expect("operator", ",");
      keys.push(this.subscriptKey());
    }
    const key: Expression = keys.length === 1 ? keys[0]! : { type: "tuple", items: keys };
    return { type: "item", object, key };
  }

  private subscriptKey(): Expression {
    const { stream } = this;
    const part = (): Expression | undefined => {
      const isEmpty = stream.isOperator(":") || stream.isOperator("]") || stream.isOperator(",");
      return isEmpty ? undefined : this.expression();
    };
    const start = stream.isOperator(":") ? undefined : this.expression();
    if (!stream.skipOperator(":")) return start!;
    const stop = part();
    const step = stream.skipOperator(":") ? part() : undefined;
    return { type: "slice", start, stop, step };
  }

  private filtersAndTests(start: Expression): Expression {
    const { stream } = this;
    let value = start;
    for (;;) {
      if (stream.isOperator("|")) value = this.filters(value)!;
      else if (stream.skip("name", "is")) value = this.test(value);
      else if (stream.isOperator("(")) {
        value = { type: "call", callee: value, args: this.arguments() };
      } else return value;
    }
  }

  private test(value: Expression): Expression {
    const { stream } = this;
    const isNegated = stream.skip("name", "not");
    const name = this.dottedName();
    let args = NO_ARGUMENTS;
    if (stream.isOperator("(")) args = this.arguments();
    else if (this.beginsTestArgument()) {
      if (stream.is("name", "is")) throw stream.error("tests with is cannot be chained");
      args = { ...NO_ARGUMENTS, positional: [this.postfix(this.primary())] };
    }
    const test: Expression = { type: "test", value, name, args };
    return isNegated ? { type: "unary", operator: "not", value: test } : test;
  }

  private beginsTestArgument(): boolean {
    const { type, value } = this.stream.current;
    if (type === "name") return value !== "else" && value !== "or" && value !== "and";
    if (type === "operator") return value === "[" || value === "{";
    return type === "string" || type === "integer" || type === "float";
  }

  private dottedName(): string {
    let name = this.stream.expect("name").value;
    while (this.stream.skipOperator(".")) name += `.${this.stream.expect("name").value}`;
    return name;
  }

  private arguments(): CallArguments {
    const { stream } = this;
    const positional: Expression[] = [];
    const named: [string, Expression][] = [];
    let rest: Expression | undefined;
    let namedRest: Expression | undefined;
    const ensure = (isRight: boolean): void => {
      if (!isRight) throw stream.error("the arguments of a call are in a wrong order");
    };
    stream.expect("operator", "(");
    this.separated(")", () => {
      const { following } = stream;
      if (stream.skipOperator("*")) {
        ensure(rest === undefined && namedRest === undefined);
        rest = this.expression();
      } else if (stream.skipOperator("**")) {
        ensure(namedRest === undefined);
        namedRest = this.expression();
      } else if (stream.is("name") && following.type === "operator" && following.value === "=") {
        ensure(namedRest === undefined);
        const name = stream.next().value;
        stream.next();
        named.push([name, this.expression()]);
      } else {
        ensure(rest === undefined && namedRest === undefined && named.length === 0);
        positional.push(this.expression());
      }
    });
    return { positional, named, rest, namedRest };
  }
}

function constantOf(value: boolean | null | number | bigint | string | Float): Expression {
  return { type: "constant", value };
}
