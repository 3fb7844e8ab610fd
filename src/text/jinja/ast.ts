import type { Value } from "./values.ts";

export interface CallArguments {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [name: string, value: Expression])[];
  /** `*list` */
  readonly rest: Expression | undefined;
  /** `**dict` */
  readonly namedRest: Expression | undefined;
}

export type CompareOperator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";
export type MathOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**";

export type Expression =
  | { readonly type: "constant"; readonly value: Value }
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "list" | "tuple"; readonly items: readonly Expression[] }
  | { readonly type: "concat"; readonly items: readonly Expression[] }
  | {
      readonly type: "dict";
      readonly entries: readonly (readonly [key: Expression, value: Expression])[];
    }
  | { readonly type: "attribute"; readonly object: Expression; readonly name: string }
  | { readonly type: "item"; readonly object: Expression; readonly key: Expression }
  | {
      readonly type: "slice";
      readonly start: Expression | undefined;
      readonly stop: Expression | undefined;
      readonly step: Expression | undefined;
    }
  | { readonly type: "call"; readonly callee: Expression; readonly args: CallArguments }
  | FilterExpression
  | {
      readonly type: "test";
      readonly value: Expression;
      readonly name: string;
      readonly args: CallArguments;
    }
  | {
      readonly type: "math";
      readonly operator: MathOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: "unary"; readonly operator: "-" | "+" | "not"; readonly value: Expression }
  | { readonly type: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | {
      readonly type: "compare";
      readonly first: Expression;
      readonly rest: readonly (readonly [operator: CompareOperator, right: Expression])[];
    }
  | {
      readonly type: "condition";
      readonly test: Expression;
      readonly whenTrue: Expression;
      readonly whenFalse: Expression | undefined;
    };

export interface FilterExpression {
  readonly type: "filter";
  /** Undefined in `{% filter … %}` and `{% set x | … %}`: the block's text. */
  readonly value: Expression | undefined;
  readonly name: string;
  readonly args: CallArguments;
}

export type Target =
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "namespace"; readonly name: string; readonly attribute: string }
  | { readonly type: "tuple"; readonly items: readonly Target[] };

export interface Parameter {
  readonly name: string;
  readonly fallback: Expression | undefined;
}

/** `line` counts from 1. */
export type Statement = { readonly line: number } & (
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "print"; readonly values: readonly Expression[] }
  | {
      readonly type: "if";
      readonly test: Expression;
      readonly whenTrue: readonly Statement[];
      readonly whenFalse: readonly Statement[];
    }
  | ForStatement
  | { readonly type: "set"; readonly target: Target; readonly value: Expression }
  | {
      readonly type: "set-block";
      readonly target: Target;
      readonly filter: FilterExpression | undefined;
      readonly body: readonly Statement[];
    }
  | {
      readonly type: "with";
      readonly bindings: readonly (readonly [target: Target, value: Expression])[];
      readonly body: readonly Statement[];
    }
  | MacroStatement
  | {
      readonly type: "call-block";
      readonly call: Expression & { readonly type: "call" };
      readonly parameters: readonly Parameter[];
      readonly body: readonly Statement[];
    }
  | {
      readonly type: "filter-block";
      readonly filter: FilterExpression;
      readonly body: readonly Statement[];
    }
  /** `{% generation %}`: marks the assistant's words for training; renders as its body. */
  | { readonly type: "generation"; readonly body: readonly Statement[] }
  | { readonly type: "break" | "continue" }
);

export interface ForStatement {
  readonly type: "for";
  readonly target: Target;
  readonly iterable: Expression;
  readonly test: Expression | undefined;
  readonly recursive: boolean;
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[];
}

export interface MacroStatement {
  readonly type: "macro";
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
}
