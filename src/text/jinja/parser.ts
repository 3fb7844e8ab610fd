import type { Expression, FilterExpression, Parameter, Statement, Target } from "./ast.ts";
import { ExpressionParser } from "./expression-parser.ts";
import { tokenize } from "./lexer.ts";
import { TokenStream } from "./token-stream.ts";

/**
 * Parses a template into statements.
 *
 * Throws a TemplateError that names the line. Templates that include or extend others are refused:
 * a checkpoint has one file.
 */
export function parseTemplate(source: string): readonly Statement[] {
  return new Parser(new TokenStream(tokenize(source))).template();
}

class Parser {
  private readonly stream: TokenStream;
  private readonly expressions: ExpressionParser;

  constructor(stream: TokenStream) {
    this.stream = stream;
    this.expressions = new ExpressionParser(stream);
  }

  template(): readonly Statement[] {
    return this.statements([]);
  }

  /** Parses up to the block tag that is named in `ends`, or to the end of the template. */
  private statements(ends: readonly string[]): Statement[] {
    const { stream } = this;
    const found: Statement[] = [];
    for (;;) {
      const { type, value, line } = stream.current;
      if (type === "end") {
        if (ends.length === 0) return found;
        throw stream.error(`the template ends where ${ends.join(" or ")} was expected`);
      }
      stream.next();
      if (type === "data") found.push({ type: "text", text: value, line });
      else if (type === "print-begin") {
        found.push({ type: "print", values: [this.expressions.tuple()], line });
        stream.expect("print-end");
      } else {
        if (stream.is("name") && ends.includes(stream.current.value)) return found;
        found.push(stream.nested(() => this.statement(line)));
        stream.expect("block-end");
      }
    }
  }

  /** Parses statements up to the tag that ends them, and consumes the tag's name. */
  private body(...ends: readonly string[]): Statement[] {
    this.stream.skipOperator(":");
    this.stream.expect("block-end");
    const found = this.statements(ends);
    if (ends.length === 1) this.stream.next();
    return found;
  }

  private statement(line: number): Statement {
    const { value: name } = this.stream.expect("name");
    switch (name) {
      case "if":
        return this.condition(line);
      case "for":
        return this.loop(line);
      case "set":
        return this.assignment(line);
      case "with":
        return this.withBlock(line);
      case "macro": {
        const name = this.stream.expect("name").value;
        const parameters = this.parameters();
        return { type: "macro", name, parameters, body: this.body("endmacro"), line };
      }
      case "call":
        return this.callBlock(line);
      case "filter": {
        const filter = this.expressions.filters(undefined, true)!;
        return { type: "filter-block", filter, body: this.body("endfilter"), line };
      }
      case "print":
        return { type: "print", values: this.printed(), line };
      case "generation":
        return { type: "generation", body: this.body("endgeneration"), line };
      case "break":
      case "continue":
        return { type: name, line };
      default:
        throw this.stream.error(`unknown tag ${JSON.stringify(name)}`, line);
    }
  }

  private condition(line: number): Statement {
    const test = this.expressions.tuple({ condition: false });
    const whenTrue = this.body("elif", "else", "endif");
    const { value: end, line: next } = this.stream.next();
    let whenFalse: Statement[] = [];
    if (end === "else") whenFalse = this.body("endif");
    else if (end === "elif") whenFalse = [this.stream.nested(() => this.condition(next))];
    return { type: "if", test, whenTrue, whenFalse, line };
  }

  private loop(line: number): Statement {
    const { stream } = this;
    const target = this.targets(() => stream.is("name", "in"), false);
    stream.expect("name", "in");
    const isEnd = (): boolean => stream.is("name", "recursive");
    const iterable = this.expressions.tuple({ condition: false, isEnd });
    const test = stream.skip("name", "if") ? this.expressions.expression() : undefined;
    const recursive = stream.skip("name", "recursive");
    const body = this.body("endfor", "else");
    const otherwise = stream.next().value === "else" ? this.body("endfor") : [];
    return { type: "for", target, iterable, test, recursive, body, otherwise, line };
  }

  private assignment(line: number): Statement {
    const target = this.targets(() => false, true);
    if (this.stream.skipOperator("=")) {
      const value = this.expressions.tuple();
      return { type: "set", target, value, line };
    }
    const filter: FilterExpression | undefined = this.expressions.filters(undefined);
    const body = this.body("endset");
    return { type: "set-block", target, filter, body, line };
  }

  private withBlock(line: number): Statement {
    const bindings: [Target, Expression][] = [];
    while (!this.stream.is("block-end")) {
      if (bindings.length > 0) this.stream.expect("operator", ",");
      const target = this.targets(() => false, false);
      this.stream.expect("operator", "=");
      bindings.push([target, this.expressions.expression()]);
    }
    return { type: "with", bindings, body: this.body("endwith"), line };
  }

  private callBlock(line: number): Statement {
    const parameters = this.stream.isOperator("(") ? this.parameters() : [];
    const call = this.expressions.expression();
    if (call.type !== "call") throw this.stream.error("a call block needs a call");
    const body = this.body("endcall");
    return { type: "call-block", call, parameters, body, line };
  }

  private printed(): Expression[] {
    const values: Expression[] = [];
    while (!this.stream.is("block-end")) {
      if (values.length > 0) this.stream.expect("operator", ",");
      values.push(this.expressions.expression());
    }
    return values;
  }

  private parameters(): Parameter[] {
    const { stream } = this;
    const found: Parameter[] = [];
    stream.expect("operator", "(");
    while (!stream.skipOperator(")")) {
      if (found.length > 0) stream.expect("operator", ",");
      const { value: name } = stream.expect("name");
      assertAssignable(name, stream);
      const hasFallback = stream.skipOperator("=");
      if (!hasFallback && found.at(-1)?.fallback !== undefined) {
        throw stream.error(`parameter ${name} without a default follows one with a default`);
      }
      found.push({ name, fallback: hasFallback ? this.expressions.expression() : undefined });
    }
    return found;
  }

  /** One target, or several with commas between them. */
  private targets(isEnd: () => boolean, mayBeNamespace: boolean): Target {
    const { stream } = this;
    const items: Target[] = [];
    let isTuple = false;
    const ends = (): boolean => isEnd() || stream.is("block-end") || stream.isOperator(")");
    while (!ends()) {
      items.push(stream.nested(() => this.target(mayBeNamespace)));
      if (!stream.skipOperator(",")) break;
      isTuple = true;
    }
    if (items[0] === undefined) throw stream.unexpected();
    return isTuple ? { type: "tuple", items } : items[0];
  }

  private target(mayBeNamespace: boolean): Target {
    const { stream } = this;
    if (stream.skipOperator("(")) {
      const inside = this.targets(() => false, mayBeNamespace);
      stream.expect("operator", ")");
      return inside;
    }
    const { value: name } = stream.expect("name");
    assertAssignable(name, stream);
    if (!mayBeNamespace || !stream.skipOperator(".")) return { type: "name", name };
    return { type: "namespace", name, attribute: stream.expect("name").value };
  }
}

const CONSTANTS = new Set(["true", "True", "false", "False", "none", "None"]);

function assertAssignable(name: string, stream: TokenStream): void {
  if (CONSTANTS.has(name)) throw stream.error(`${name} cannot be assigned to`);
}
