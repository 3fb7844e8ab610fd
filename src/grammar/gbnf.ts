import { VireoError } from "../core/errors.ts";
import {
  type CodeRange,
  characters,
  choice,
  complement,
  EMPTY,
  type Expression,
  type Grammar,
  LAST_CODE_POINT,
  repeat,
  rule,
  sequence,
  text,
} from "./expression.ts";
import { TextReader } from "./text-reader.ts";

/** Prefix that separates a user's rules from those of json-text.ts. */
const PREFIX = "gbnf:";
const MAX_NESTING = 100;
const MAX_COUNT = 100_000;
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);
const HEX_DIGITS: ReadonlyMap<string, number> = new Map([
  ["x", 2],
  ["u", 4],
  ["U", 8],
]);

/**
 * Parses a grammar in GBNF, llama.cpp's notation: `name ::= …` with "text", [a-z], [^a-z], `.`,
 * groups, `|`, `* + ?`, `{n}`, `{n,}`, `{n,m}`, and comments from #. The start rule is `root`.
 *
 * Throws invalid_schema with the line number.
 */
export function parseGbnf(source: string): Grammar {
  return new GbnfParser(source).whole();
}

class GbnfParser {
  private readonly text: TextReader;
  private readonly rules = new Map<string, Expression>();
  private readonly used = new Map<string, number>();
  private depth = 0;

  constructor(source: string) {
    this.text = new TextReader(source, (what) =>
      this.wrong(`expected ${what}, but the grammar ends`),
    );
  }

  whole(): Grammar {
    this.skip("lines");
    while (this.text.at < this.text.units.length) this.rule();
    for (const [name, at] of this.used) {
      this.text.at = at;
      if (!this.rules.has(name)) throw this.wrong(`there is no rule ${name}`);
    }
    if (!this.rules.has("root")) throw this.wrong("there is no rule root");
    const rules = new Map([...this.rules].map(([name, body]) => [PREFIX + name, body]));
    return { root: rule(`${PREFIX}root`), rules };
  }

  private rule(): void {
    const name = this.name();
    if (name === "") throw this.wrong("expected the name of a rule");
    if (this.rules.has(name)) throw this.wrong(`the rule ${name} is defined twice`);
    this.skip("blanks");
    for (const unit of "::=") if (!this.text.take(unit)) throw this.wrong("expected ::=");
    this.skip("lines");
    this.rules.set(name, this.alternatives("a rule"));
    if (this.text.at < this.text.units.length && !this.atLineEnd())
      throw this.wrong("expected the end of the line");
    this.skip("lines");
  }

  private alternatives(inside: "a rule" | "a group"): Expression {
    if (++this.depth > MAX_NESTING) throw this.wrong("groups are nested too deeply");
    const options = [this.parts(inside)];
    while (this.text.take("|")) {
      this.skip("lines");
      options.push(this.parts(inside));
    }
    this.depth -= 1;
    return choice(...options);
  }

  private parts(inside: "a rule" | "a group"): Expression {
    const parts: Expression[] = [];
    for (;;) {
      const part = this.part();
      if (part === undefined) return parts.length === 0 ? EMPTY : sequence(...parts);
      parts.push(this.counted(part));
      this.skip(inside === "a group" ? "lines" : "blanks");
      if (inside === "a rule" && this.continues()) this.skip("lines");
    }
  }

  /** True if an alternative begins the next line. */
  private continues(): boolean {
    const { at } = this.text;
    this.skip("lines");
    const found = this.text.peek() === "|";
    this.text.at = at;
    return found;
  }

  private part(): Expression | undefined {
    if (this.text.take('"')) return this.literal();
    if (this.text.take("[")) return this.set();
    if (this.text.take(".")) return characters([0, LAST_CODE_POINT]);
    if (this.text.take("(")) {
      this.skip("lines");
      const group = this.alternatives("a group");
      if (!this.text.take(")")) throw this.wrong("a bracket is not closed");
      return group;
    }
    const { at } = this.text;
    const name = this.name();
    if (name === "") return undefined;
    if (!this.used.has(name)) this.used.set(name, at);
    return rule(PREFIX + name);
  }

  private counted(part: Expression): Expression {
    this.skip("blanks");
    if (this.text.take("*")) return repeat(part, 0, Number.POSITIVE_INFINITY);
    if (this.text.take("+")) return repeat(part, 1, Number.POSITIVE_INFINITY);
    if (this.text.take("?")) return repeat(part, 0, 1);
    if (!this.text.take("{")) return part;
    const min = this.number();
    let max = min;
    if (this.text.take(","))
      max = this.text.peek() === "}" ? Number.POSITIVE_INFINITY : this.number();
    if (!this.text.take("}")) throw this.wrong("expected }");
    if (max < min) throw this.wrong("the counts are in the wrong order");
    return repeat(part, min, max);
  }

  private number(): number {
    this.skip("blanks");
    let digits = "";
    for (; /^\d$/.test(this.text.peek()); this.text.at++) digits += this.text.peek();
    this.skip("blanks");
    if (digits === "" || Number(digits) > MAX_COUNT) {
      throw this.wrong(`expected a count up to ${MAX_COUNT}`);
    }
    return Number(digits);
  }

  private literal(): Expression {
    let value = "";
    while (!this.text.take('"')) value += String.fromCodePoint(this.character('"'));
    return text(value);
  }

  private set(): Expression {
    const negative = this.text.take("^");
    const ranges: CodeRange[] = [];
    while (!this.text.take("]")) {
      const first = this.character("]");
      let last = first;
      if (this.text.peek() === "-" && this.text.units[this.text.at + 1] !== "]") {
        this.text.at += 1;
        last = this.character("]");
      }
      if (last < first) throw this.wrong("the end of the range is before its start");
      ranges.push([first, last]);
    }
    return characters(...(negative ? complement(ranges) : ranges));
  }

  private character(end: string): number {
    const unit = this.text.next(end);
    if (unit === "\n") throw this.wrong(`expected ${end} before the line ends`);
    if (unit !== "\\") return unit.codePointAt(0)!;
    const letter = this.text.next("a character after \\");
    const digits = HEX_DIGITS.get(letter);
    if (digits === undefined) return (ESCAPES.get(letter) ?? letter).codePointAt(0)!;
    const hex = this.text.units.slice(this.text.at, this.text.at + digits).join("");
    this.text.at += digits;
    const code = /^[0-9a-f]+$/i.test(hex) && hex.length === digits ? Number.parseInt(hex, 16) : -1;
    const half = code >= 0xd800 && code <= 0xdfff;
    if (code < 0 || code > LAST_CODE_POINT || half)
      throw this.wrong("this is not a Unicode character");
    return code;
  }

  private name(): string {
    let name = "";
    for (; /^[A-Za-z0-9_-]$/.test(this.text.peek()); this.text.at++) name += this.text.peek();
    return name;
  }

  private skip(what: "blanks" | "lines"): void {
    for (; this.text.at < this.text.units.length; this.text.at++) {
      const unit = this.text.peek();
      if (unit === "#") {
        while (
          this.text.at + 1 < this.text.units.length &&
          this.text.units[this.text.at + 1] !== "\n"
        )
          this.text.at++;
      } else if (unit !== " " && unit !== "\t" && !(what === "lines" && /^[\r\n]$/.test(unit))) {
        return;
      }
    }
  }

  private atLineEnd(): boolean {
    return /^[\r\n]$/.test(this.text.peek());
  }

  private wrong(why: string): VireoError {
    const line = this.text.units.slice(0, this.text.at).filter((unit) => unit === "\n").length + 1;
    return new VireoError("invalid_schema", `the grammar cannot be used, line ${line}: ${why}`);
  }
}
