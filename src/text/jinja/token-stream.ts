import { LIMITS } from "../../core/limits.ts";
import { TemplateError } from "./errors.ts";
import type { Token, TokenType } from "./lexer.ts";

/** A reading position in a template's tokens, and the depth of what is being parsed there. */
export class TokenStream {
  private readonly tokens: readonly Token[];
  private at = 0;
  private depth = 0;

  /** `tokens` ends with a token of type "end". */
  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  get current(): Token {
    return this.tokens[this.at]!;
  }

  get following(): Token {
    return this.tokens[this.at + 1] ?? this.current;
  }

  next(): Token {
    const token = this.current;
    if (token.type !== "end") this.at += 1;
    return token;
  }

  is(type: TokenType, value?: string): boolean {
    const { current } = this;
    return current.type === type && (value === undefined || current.value === value);
  }

  isOperator(value: string): boolean {
    return this.is("operator", value);
  }

  skip(type: TokenType, value?: string): boolean {
    if (!this.is(type, value)) return false;
    this.next();
    return true;
  }

  skipOperator(value: string): boolean {
    return this.skip("operator", value);
  }

  expect(type: TokenType, value?: string): Token {
    if (!this.is(type, value)) {
      throw this.error(`expected ${value ?? type}, got ${describe(this.current)}`);
    }
    return this.next();
  }

  /** Parses a construct that may contain itself. Throws if it is nested too deeply. */
  nested<T>(parse: () => T): T {
    this.depth += 1;
    if (this.depth > LIMITS.template.depth) {
      throw this.error(`nested more than ${LIMITS.template.depth} deep`);
    }
    const parsed = parse();
    this.depth -= 1;
    return parsed;
  }

  unexpected(): TemplateError {
    return this.error(`unexpected ${describe(this.current)}`);
  }

  error(message: string, line = this.current.line): TemplateError {
    return new TemplateError(message, line, "syntax");
  }
}

function describe({ type, value }: Token): string {
  if (type === "end") return "the end of the template";
  if (type === "name" || type === "operator") return JSON.stringify(value);
  return type.replace("-", " of a tag: ");
}
