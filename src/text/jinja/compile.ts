import type { ForStatement, Statement, Target } from "./ast.ts";
import { call, ExpressionCompiler } from "./compile-expression.ts";
import { TemplateError } from "./errors.ts";
import { Loop, loopItems } from "./loop.ts";
import { createMacro } from "./macro.ts";
import { isTrue, iterate } from "./operators.ts";
import { print } from "./print.ts";
import type { Run } from "./run.ts";
import { type Evaluate, Frame, Scope } from "./scope.ts";
import { Special, textOf, typeName, type Value } from "./values.ts";

/** How a statement ended: undefined means that the next one follows. */
type Ending = "break" | "continue" | undefined;
export type Execute = (frame: Frame) => Ending;
type Assign = (frame: Frame, value: Value) => void;
type Of<T extends Statement["type"]> = Extract<Statement, { readonly type: T }>;

export type Render = (run: Run, variables: ReadonlyMap<string, Value>) => void;

/** Turns a parsed template into a function that writes to its run. */
export function compileStatements(statements: readonly Statement[]): Render {
  const execute = new StatementCompiler().body(statements, new Scope(undefined, "template"));
  return (run, variables) => {
    execute(new Frame(run, variables));
  };
}

class StatementCompiler {
  private readonly expressions = new ExpressionCompiler();

  body(statements: readonly Statement[], scope: Scope): Execute {
    const compiled = statements.map((statement) => this.statement(statement, scope));
    if (compiled.length === 1) return compiled[0]!;
    return (frame) => {
      for (const execute of compiled) {
        const ending = execute(frame);
        if (ending !== undefined) return ending;
      }
      return undefined;
    };
  }

  /** Makes every statement record its line and spend steps for its expressions. */
  private statement(statement: Statement, scope: Scope): Execute {
    const { expressions } = this;
    const { line } = statement;
    const before = expressions.nodes;
    expressions.line = line;
    const execute = this.bare(statement, scope);
    const cost = 1 + expressions.nodes - before;
    expressions.nodes = before;
    return (frame) => {
      frame.run.line = line;
      frame.run.spend(cost);
      return execute(frame);
    };
  }

  private bare(statement: Statement, scope: Scope): Execute {
    switch (statement.type) {
      case "text": {
        const { text } = statement;
        return ({ run }) => void run.write(text);
      }
      case "print":
        return this.print(statement, scope);
      case "if":
        return this.condition(statement, scope);
      case "for":
        return this.loop(statement, scope);
      case "set": {
        const value = this.expressions.compile(statement.value, scope);
        const assign = this.target(statement.target, scope);
        return (frame) => void assign(frame, value(frame));
      }
      case "set-block":
        return this.setBlock(statement, scope);
      case "with":
        return this.withBlock(statement, scope);
      case "macro": {
        const slot = scope.declare(statement.name);
        const define = this.macro(statement.name, statement, scope);
        return (frame) => void frame.set(slot, define(frame));
      }
      case "call-block":
        return this.callBlock(statement, scope);
      case "filter-block":
        return this.filterBlock(statement, scope);
      case "generation":
        return this.generation(statement, scope);
      default:
        return this.jump(statement.type, scope);
    }
  }

  private print({ values }: Of<"print">, scope: Scope): Execute {
    const compiled = values.map((value) => this.expressions.compile(value, scope));
    return (frame) => {
      for (const value of compiled) frame.run.write(print(value(frame), frame.run));
      return undefined;
    };
  }

  private condition(statement: Of<"if">, scope: Scope): Execute {
    const before = scope.isConditional;
    scope.isConditional = true;
    const passes = this.expressions.compile(statement.test, scope);
    const whenTrue = this.body(statement.whenTrue, scope);
    const whenFalse = this.body(statement.whenFalse, scope);
    scope.isConditional = before;
    return (frame) => (isTrue(passes(frame)) ? whenTrue(frame) : whenFalse(frame));
  }

  private loop(statement: ForStatement, scope: Scope): Execute {
    const iterable = this.expressions.compile(statement.iterable, scope);
    const filtered = this.loopTest(statement, scope);
    const inner = new Scope(scope, "loop");
    const assign = this.target(statement.target, inner);
    const body = this.body(statement.body, inner);
    const otherwise = this.body(statement.otherwise, new Scope(scope, "block"));
    const isSeen = inner.reads.has("loop");
    const loopSlot = inner.declare("loop");

    const iterateOver = (value: Value, frame: Frame, depth: number): Ending => {
      const { run } = frame;
      const source = loopItems(value, run);
      const items = filtered === undefined ? source.items : filtered(source.items, frame);
      const size = filtered === undefined ? source.size : undefined;
      const again = (inside: Value, deeper: number): Value =>
        run.called(() => run.capture(() => void iterateOver(inside, frame, deeper)));
      const loop = new Loop(items, size, run, depth, statement.recursive ? again : undefined);
      let isEmpty = true;
      for (let item = loop.advance(); item !== undefined; item = loop.advance()) {
        const iteration = frame.inner();
        if (isSeen) iteration.slots[loopSlot] = loop.special;
        assign(iteration, item);
        run.spend(1);
        const ending = body(iteration);
        if (ending === "break") break;
        // an iteration that ends early does not count, as in Jinja
        if (ending === undefined) isEmpty = false;
      }
      return isEmpty ? otherwise(frame.inner()) : undefined;
    };
    if (!statement.recursive) return (frame) => iterateOver(iterable(frame), frame, 0);
    return (frame) => {
      const { run } = frame;
      const items = iterable(frame);
      run.write(run.capture(() => void iterateOver(items, frame, 0)));
      return undefined;
    };
  }

  /** The `if` of a loop, evaluated lazily for each item. */
  private loopTest({ target, test }: ForStatement, scope: Scope) {
    if (test === undefined) return undefined;
    const inner = new Scope(scope, "block");
    const assign = this.target(target, inner);
    const before = this.expressions.nodes;
    const passes = this.expressions.compile(test, inner);
    const cost = 1 + this.expressions.nodes - before;
    return function* filtered(items: Iterable<Value>, outer: Frame): Generator<Value> {
      for (const item of items) {
        const frame = outer.inner();
        outer.run.spend(cost);
        assign(frame, item);
        if (isTrue(passes(frame))) yield item;
      }
    };
  }

  private setBlock({ target, filter, body }: Of<"set-block">, scope: Scope): Execute {
    const inner = new Scope(scope, "block");
    const captured = this.captured(body, inner, filter);
    const assign = this.target(target, scope);
    return (frame) => captured(frame, (value) => assign(frame, value));
  }

  private filterBlock({ filter, body }: Of<"filter-block">, scope: Scope): Execute {
    const captured = this.captured(body, new Scope(scope, "block"), filter);
    return (frame) => captured(frame, (value) => frame.run.write(written(value)));
  }

  /** Runs a body without writing, and passes its filtered text to `use` unless it ended early. */
  private captured(
    statements: readonly Statement[],
    inner: Scope,
    filter: Of<"filter-block">["filter"] | undefined,
  ): (frame: Frame, use: (value: Value) => void) => Ending {
    const slot = inner.declare("the block's text");
    const execute = this.body(statements, inner);
    const input: Evaluate = (frame) => frame.slots[slot]!;
    const result = filter === undefined ? input : this.expressions.filter(filter, inner, input);
    return (frame, use) => {
      const inside = frame.inner();
      let ending: Ending;
      inside.slots[slot] = frame.run.capture(() => {
        ending = execute(inside);
      });
      if (ending === undefined) use(result(inside));
      return ending;
    };
  }

  private withBlock({ bindings, body }: Of<"with">, scope: Scope): Execute {
    const inner = new Scope(scope, "block");
    const values = bindings.map(([, value]) => this.expressions.compile(value, scope));
    const assigns = bindings.map(([target]) => this.target(target, inner));
    const execute = this.body(body, inner);
    return (frame) => {
      const inside = frame.inner();
      assigns.forEach((assign, at) => {
        assign(inside, values[at]!(frame));
      });
      return execute(inside);
    };
  }

  private macro(
    name: string | undefined,
    { parameters, body }: Pick<Of<"macro">, "parameters" | "body">,
    scope: Scope,
  ): (frame: Frame) => Special {
    const inner = new Scope(scope, "macro");
    const slots = parameters.map((parameter) => inner.declare(parameter.name));
    const before = this.expressions.nodes;
    const fallbacks = parameters.map(({ fallback }) => {
      return fallback === undefined ? undefined : this.expressions.compile(fallback, inner);
    });
    const cost = 1 + this.expressions.nodes - before;
    const execute = this.body(body, inner);
    const named = parameters.map((parameter, at) => {
      return { name: parameter.name, slot: slots[at]!, fallback: fallbacks[at] };
    });
    return (frame) => createMacro({ name, parameters: named, scope: inner, cost, execute }, frame);
  }

  private callBlock(statement: Of<"call-block">, scope: Scope): Execute {
    const callee = this.expressions.compile(statement.call.callee, scope);
    const args = this.expressions.arguments(statement.call.args, scope);
    const caller = this.macro(undefined, statement, scope);
    return (frame) => {
      const { positional, named } = args(frame);
      if (named.has("caller")) throw new TypeError("a call block gives the argument caller itself");
      const withCaller = new Map(named).set("caller", caller(frame));
      const result = call(callee(frame), { positional, named: withCaller }, frame.run);
      frame.run.write(written(result));
      return undefined;
    };
  }

  private generation({ body }: Of<"generation">, scope: Scope): Execute {
    const define = this.macro(undefined, { parameters: [], body }, scope);
    return (frame) => {
      const text = call(define(frame), { positional: [], named: new Map() }, frame.run);
      return void frame.run.write(written(text));
    };
  }

  private jump(type: "break" | "continue", scope: Scope): Execute {
    if (!scope.isInLoop) {
      throw new TemplateError(`${type} stands outside of a loop`, this.expressions.line, "syntax");
    }
    return () => type;
  }

  private target(target: Target, scope: Scope): Assign {
    if (target.type === "name") {
      const slot = scope.declare(target.name);
      return (frame, value) => frame.set(slot, value);
    }
    if (target.type === "namespace") {
      const read = scope.reader(target.name);
      return (frame, value) => assignAttribute(read(frame), target.attribute, value);
    }
    const assigns = target.items.map((item) => this.target(item, scope));
    return (frame, value) => {
      const items = unpack(value, assigns.length, frame.run);
      assigns.forEach((assign, at) => {
        assign(frame, items[at]!);
      });
    };
  }
}

function assignAttribute(object: Value, name: string, value: Value): void {
  if (!(object instanceof Special) || object.parts.assign === undefined) {
    throw new TypeError("only a namespace's attributes can be set");
  }
  object.parts.assign(name, value);
}

/** Writes the result of a block's call or filter; Jinja writes it only if it is a text. */
function written(value: Value): string {
  const text = textOf(value);
  if (text === undefined) throw new TypeError(`the block gives a ${typeName(value)}, not a text`);
  return text;
}

/** Reads exactly `count` items; reads at most one more to find a longer iterator. */
function unpack(value: Value, count: number, run: Run): Value[] {
  const items: Value[] = [];
  for (const item of iterate(value, run)) {
    items.push(item);
    if (items.length > count) break;
  }
  if (items.length === count) return items;
  const got = items.length > count ? "more" : String(items.length);
  throw new TypeError(`${count} names need ${count} values, got ${got}`);
}
