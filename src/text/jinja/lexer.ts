import { isSpace, SPACES, trimEnd } from "../../core/python/spaces.ts";
import { TemplateError } from "./errors.ts";
import { unescapeLiteral } from "./literals.ts";

export type TokenType =
  | "data"
  | "print-begin"
  | "print-end"
  | "block-begin"
  | "block-end"
  | "name"
  | "string"
  | "integer"
  | "float"
  | "operator"
  | "end";

export interface Token {
  readonly type: TokenType;
  /** Text outside of tags, a name, an operator, a number's digits, or a string's value. */
  readonly value: string;
  readonly line: number;
}

const TAG = /\{%([-+]?)|\{\{([-+]?)|\{#([-+]?)/g;
const RAW = new RegExp(`\\{%[-+]?[${SPACES}]*raw[${SPACES}]*(?:(-)%\\}|%\\})`, "y");
const RAW_END = new RegExp(`\\{%([-+]?)[${SPACES}]*endraw[${SPACES}]*([-+]?)%\\}`, "g");
const COMMENT_END = /([-+]?)#\}/g;
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[-+]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{L}_][\p{L}\p{N}\p{M}_]*/uy;
const STRING = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;
const CLOSER = new Map([
  ["{", "}"],
  ["(", ")"],
  ["[", "]"],
]);

/**
 * Cuts a template into tokens, with blanks and line ends treated as by Jinja's lexer with
 * trim_blocks and lstrip_blocks (the settings that chat templates are written for).
 *
 * Throws a TemplateError that names the line.
 */
export function tokenize(source: string): Token[] {
  const text = source.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  return new Lexer(text).run();
}

class Lexer {
  private readonly text: string;
  private readonly tokens: Token[] = [];
  private at = 0;
  private line = 1;
  /** The position up to which `line` was counted. */
  private counted = 0;
  /** The text before `at` ends with a line end, or there is none. */
  private lineStarting = true;

  constructor(text: string) {
    this.text = text;
  }

  run(): Token[] {
    while (this.at < this.text.length) {
      TAG.lastIndex = this.at;
      const tag = TAG.exec(this.text);
      if (tag === null) {
        this.push("data", this.text.slice(this.at), this.at);
        break;
      }
      this.readData(this.at, tag.index, tag[1] ?? tag[2] ?? tag[3] ?? "", tag[2] === undefined);
      this.at = tag.index;
      if (tag[3] !== undefined) this.readComment(tag[0].length);
      else if (tag[2] !== undefined) this.readTag("print", tag[0].length);
      else if (!this.readRaw()) this.readTag("block", tag[0].length);
    }
    this.push("end", "", this.text.length);
    return this.tokens;
  }

  /** Text up to a tag, without the blanks that the tag's sign or lstrip_blocks strips. */
  private readData(from: number, to: number, sign: string, isBlock: boolean): void {
    let data = this.text.slice(from, to);
    if (sign === "-") data = trimEnd(data);
    else if (sign !== "+" && isBlock) {
      const start = data.lastIndexOf("\n") + 1;
      const isIndent = start < data.length && trimEnd(data.slice(start)) === "";
      if (isIndent && (start > 0 || this.lineStarting)) data = data.slice(0, start);
    }
    if (data !== "") this.push("data", data, from);
  }

  private readComment(opener: number): void {
    COMMENT_END.lastIndex = this.at + opener;
    const end = COMMENT_END.exec(this.text);
    if (end === null) {
      // Jinja ignores a tag that opens at the very end of the source.
      this.at += opener;
      if (this.at === this.text.length) return;
      throw this.error("the comment is not closed", this.at);
    }
    this.closeTag(COMMENT_END.lastIndex, end[1] ?? "");
  }

  /** Reads `{% raw %}…{% endraw %}`. Returns false if the block at `at` is another one. */
  private readRaw(): boolean {
    RAW.lastIndex = this.at;
    const begin = RAW.exec(this.text);
    if (begin === null) return false;
    const opened = this.at;
    this.at = RAW.lastIndex;
    // trim_blocks does not apply here: the line end after {% raw %} is kept
    if (begin[1] === "-") this.skipSpace();
    this.lineStarting = this.text[this.at - 1] === "\n";
    RAW_END.lastIndex = this.at;
    const end = RAW_END.exec(this.text);
    if (end === null) {
      if (this.at === this.text.length) return true;
      throw this.error("the raw block is not closed", opened);
    }
    this.readData(this.at, end.index, end[1] ?? "", true);
    this.closeTag(RAW_END.lastIndex, end[2] ?? "");
    return true;
  }

  /** Moves behind a tag that ends at `end`, and over blanks that its sign or trim_blocks strips. */
  private closeTag(end: number, sign: string): void {
    this.at = end;
    if (sign === "-") this.skipSpace();
    else if (sign === "" && this.text[end] === "\n") this.at += 1;
    this.lineStarting = this.text[this.at - 1] === "\n";
  }

  private readTag(kind: "print" | "block", opener: number): void {
    this.push(`${kind}-begin`, "", this.at);
    this.at += opener;
    const closers: string[] = [];
    const end = kind === "print" ? "}}" : "%}";
    for (;;) {
      this.skipSpace();
      if (this.at >= this.text.length) throw this.error("the tag is not closed", this.at);
      if (closers.length === 0 && this.endTag(kind, end)) return;
      if (!this.readToken(closers)) {
        const found = String.fromCodePoint(this.text.codePointAt(this.at) ?? 0);
        throw this.error(`unexpected character ${JSON.stringify(found)}`, this.at);
      }
    }
  }

  private endTag(kind: "print" | "block", end: string): boolean {
    const sign = this.text[this.at] ?? "";
    const signed = sign === "-" || (sign === "+" && kind === "block");
    if (!this.text.startsWith(end, this.at + (signed ? 1 : 0))) return false;
    this.push(`${kind}-end`, "", this.at);
    const after = this.at + (signed ? 3 : 2);
    // trim_blocks is for blocks only
    this.closeTag(after, kind === "print" && !signed ? "+" : signed ? sign : "");
    return true;
  }

  private readToken(closers: string[]): boolean {
    const afterDot = this.text[this.at - 1] === ".";
    const float = afterDot ? undefined : this.match(FLOAT);
    if (float !== undefined) return this.take("float", float, float.replaceAll("_", ""));
    const integer = this.match(INTEGER);
    if (integer !== undefined) return this.take("integer", integer, integer.replaceAll("_", ""));
    const name = this.match(NAME);
    if (name !== undefined) return this.take("name", name, name);
    const string = this.match(STRING);
    if (string !== undefined) {
      const value = unescapeLiteral(string.slice(1, -1));
      if (value === undefined) throw this.error("a string holds a broken escape", this.at);
      return this.take("string", string, value);
    }
    const operator = this.match(OPERATOR);
    if (operator === undefined) return false;
    this.balance(operator, closers);
    return this.take("operator", operator, operator);
  }

  private balance(operator: string, closers: string[]): void {
    const closer = CLOSER.get(operator);
    if (closer !== undefined) closers.push(closer);
    if (operator !== ")" && operator !== "]" && operator !== "}") return;
    if (closers.pop() !== operator) throw this.error(`unexpected "${operator}"`, this.at);
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    return pattern.exec(this.text)?.[0];
  }

  private take(type: TokenType, written: string, value: string): true {
    this.push(type, value, this.at);
    this.at += written.length;
    return true;
  }

  private skipSpace(): void {
    while (this.at < this.text.length && isSpace(this.text.charCodeAt(this.at))) this.at += 1;
  }

  private push(type: TokenType, value: string, at: number): void {
    this.tokens.push({ type, value, line: this.lineAt(at) });
  }

  private lineAt(at: number): number {
    for (let i = this.counted; i < at; i++) if (this.text[i] === "\n") this.line += 1;
    this.counted = Math.max(this.counted, at);
    return this.line;
  }

  private error(message: string, at: number): TemplateError {
    return new TemplateError(message, this.lineAt(at), "syntax");
  }
}
