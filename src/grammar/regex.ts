import { VireoError } from "../core/errors.ts";
import {
  type CodeRange,
  characters,
  choice,
  complement,
  EMPTY,
  type Expression,
  LAST_CODE_POINT,
  repeat,
  sequence,
  text,
} from "./expression.ts";
import { hasLookahead } from "./regular.ts";
import { TextReader } from "./text-reader.ts";

const DIGITS: readonly CodeRange[] = [[0x30, 0x39]];
const WORD: readonly CodeRange[] = [...DIGITS, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const LINE_ENDS: readonly CodeRange[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
const SPACES: readonly CodeRange[] = [
  ...LINE_ENDS,
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const CLASSES: ReadonlyMap<string, readonly CodeRange[]> = new Map([
  ["d", DIGITS],
  ["D", complement(DIGITS)],
  ["w", WORD],
  ["W", complement(WORD)],
  ["s", SPACES],
  ["S", complement(SPACES)],
]);
const CONTROLS: ReadonlyMap<string, number> = new Map([
  ["t", 9],
  ["n", 10],
  ["v", 11],
  ["f", 12],
  ["r", 13],
  ["0", 0],
]);
const MAX_NESTING = 100;
const MAX_COUNT = 100_000;

/**
 * Parses a regular expression (ECMAScript with the u flag) to a grammar that matches the whole
 * text. The pattern is never executed, so that no pattern is slow.
 *
 * `^` and `$` are allowed at the ends only, where they are redundant. Lookaheads become expressions
 * of kind `lookahead`. Lookbehinds, backreferences, word boundaries and \p classes are refused,
 * because a grammar cannot express them.
 *
 * Throws invalid_schema with the position in the pattern.
 */
export function parseRegex(pattern: string): Expression {
  const parser = new RegexParser(pattern);
  return parser.whole();
}

interface Piece {
  readonly of: Expression;
  /** Contains `$` (`^`): nothing may follow (precede) it. */
  readonly last: boolean;
  readonly first: boolean;
}

class RegexParser {
  private readonly text: TextReader;
  private depth = 0;

  constructor(pattern: string) {
    this.text = new TextReader(pattern, (what) =>
      this.wrong(`expected ${what}, but the pattern ends`),
    );
  }

  whole(): Expression {
    const { of } = this.alternatives();
    if (this.text.at < this.text.units.length) throw this.wrong("this bracket was never opened");
    return of;
  }

  private alternatives(): Piece {
    if (++this.depth > MAX_NESTING) throw this.wrong("groups are nested too deeply");
    const options = [this.pieces()];
    while (this.text.take("|")) options.push(this.pieces());
    this.depth -= 1;
    return {
      of: choice(...options.map((option) => option.of)),
      first: options.some((option) => option.first),
      last: options.some((option) => option.last),
    };
  }

  private pieces(): Piece {
    const parts: Expression[] = [];
    let first = false;
    let last = false;
    while (
      this.text.at < this.text.units.length &&
      this.text.peek() !== "|" &&
      this.text.peek() !== ")"
    ) {
      const piece = this.piece();
      if (piece.first && parts.some((part) => part !== EMPTY)) {
        throw this.wrong("^ after something else can never match");
      }
      if (last && piece.of !== EMPTY) throw this.wrong("$ before something else can never match");
      first ||= piece.first;
      last ||= piece.last;
      parts.push(piece.of);
    }
    const nonEmpty = parts.filter((part) => part !== EMPTY); // drops anchors
    return { of: nonEmpty.length === 0 ? EMPTY : sequence(...nonEmpty), first, last };
  }

  private piece(): Piece {
    if (this.text.take("^")) return { of: EMPTY, first: true, last: false };
    if (this.text.take("$")) return { of: EMPTY, first: false, last: true };
    const atom = this.atom();
    const [min, max] = this.count();
    if (min === 1 && max === 1) return atom;
    if (atom.first || atom.last) throw this.wrong("^ and $ cannot be repeated");
    return { ...atom, of: repeat(atom.of, min, max) };
  }

  private atom(): Piece {
    const unit = this.text.next("a character");
    const free = (of: Expression): Piece => ({ of, first: false, last: false });
    switch (unit) {
      case "(":
        return this.group();
      case "[":
        return free(this.set());
      case ".":
        return free(characters(...complement(LINE_ENDS)));
      case "\\":
        return free(this.escaped());
      case "*":
      case "+":
      case "?":
      case "{":
        throw this.wrong("there is nothing to repeat");
      default:
        return free(text(unit));
    }
  }

  private group(): Piece {
    if (this.text.take("?")) {
      if (this.text.take("=")) return this.lookahead(false);
      if (this.text.take("!")) return this.lookahead(true);
      const named = this.text.take("<") && this.text.peek() !== "=" && this.text.peek() !== "!";
      if (named) while (this.text.next("the end of the name") !== ">");
      else if (!this.text.take(":")) throw this.wrong("lookbehind and flags are not supported");
    }
    const inner = this.alternatives();
    if (!this.text.take(")")) throw this.wrong("a bracket is not closed");
    return inner;
  }

  private lookahead(negative: boolean): Piece {
    const options = [this.pieces()];
    while (this.text.take("|")) options.push(this.pieces());
    if (!this.text.take(")")) throw this.wrong("a bracket is not closed");
    const looks = options.map(({ of, last }): Expression => {
      if (hasLookahead(of)) throw this.wrong("a lookahead in a lookahead is not supported");
      return { kind: "lookahead", of, negative, whole: last };
    });
    const of = negative ? sequence(...looks) : choice(...looks);
    return { of, first: false, last: false };
  }

  private count(): [number, number] {
    const counts = new Map<string, [number, number]>([
      ["*", [0, Number.POSITIVE_INFINITY]],
      ["+", [1, Number.POSITIVE_INFINITY]],
      ["?", [0, 1]],
    ]);
    let count = counts.get(this.text.peek());
    if (count) this.text.at += 1;
    else if (this.text.take("{")) count = this.braces();
    if (!count) return [1, 1];
    this.text.take("?"); // lazy and greedy match the same texts
    if (counts.has(this.text.peek()) || this.text.peek() === "{")
      throw this.wrong("a count after a count");
    return count;
  }

  private braces(): [number, number] {
    const min = this.number();
    let max = min;
    if (this.text.take(","))
      max = this.text.peek() === "}" ? Number.POSITIVE_INFINITY : this.number();
    if (!this.text.take("}")) throw this.wrong("expected }");
    if (max < min) throw this.wrong("the counts are in the wrong order");
    return [min, max];
  }

  private number(): number {
    let digits = "";
    while (/^\d$/.test(this.text.peek())) digits += this.text.next("a digit");
    if (digits === "") throw this.wrong("expected a number; write \\{ for a brace");
    if (Number(digits) > MAX_COUNT) throw this.wrong(`counts go up to ${MAX_COUNT}`);
    return Number(digits);
  }

  private escaped(): Expression {
    const set = CLASSES.get(this.text.peek());
    if (!set) {
      const code = this.escapedCode();
      return text(String.fromCodePoint(code));
    }
    this.text.at += 1;
    return characters(...set);
  }

  private set(): Expression {
    const negative = this.text.take("^");
    const ranges: CodeRange[] = [];
    while (!this.text.take("]")) {
      const first = this.setMember();
      if (typeof first !== "number") {
        ranges.push(...first);
        continue;
      }
      if (this.text.peek() !== "-" || this.text.units[this.text.at + 1] === "]") {
        ranges.push([first, first]);
        continue;
      }
      this.text.at += 1;
      const last = this.setMember();
      if (typeof last !== "number" || last < first)
        throw this.wrong("the end of the range is before its start");
      ranges.push([first, last]);
    }
    return characters(...(negative ? complement(ranges) : ranges));
  }

  private setMember(): number | readonly CodeRange[] {
    const unit = this.text.next("]");
    if (unit !== "\\") return unit.codePointAt(0)!;
    if (this.text.take("b")) return 8;
    const set = CLASSES.get(this.text.peek());
    if (set) this.text.at += 1;
    return set ?? this.escapedCode();
  }

  /** The character of an escape sequence, after the backslash. */
  private escapedCode(): number {
    const unit = this.text.next("a character after \\");
    if (unit === "x") return this.hex(2);
    if (unit === "u") return this.unicode();
    if (unit === "c") throw this.wrong("\\c is not supported; write \\x and two digits");
    const control = CONTROLS.get(unit);
    if (control !== undefined) return control;
    if (/^[A-Za-z0-9]$/.test(unit)) throw this.wrong(`\\${unit} is not supported`);
    return unit.codePointAt(0)!;
  }

  private unicode(): number {
    if (!this.text.take("{")) {
      const high = this.hex(4);
      if ((high & 0xfc00) !== 0xd800 || !this.text.take("\\") || !this.text.take("u"))
        return whole(high);
      return whole(((high & 0x3ff) << 10) + (this.hex(4) & 0x3ff) + 0x10000);
    }
    let digits = "";
    while (this.text.peek() !== "}") digits += this.text.next("}");
    this.text.at += 1;
    const code = /^[0-9a-f]{1,6}$/i.test(digits) ? Number.parseInt(digits, 16) : -1;
    if (code < 0 || code > LAST_CODE_POINT) throw this.wrong("this is not a Unicode character");
    return whole(code);
  }

  private hex(count: number): number {
    let digits = "";
    for (let i = 0; i < count; i++) digits += this.text.next("a hexadecimal digit");
    if (!/^[0-9a-f]+$/i.test(digits)) throw this.wrong(`expected ${count} hexadecimal digits`);
    return Number.parseInt(digits, 16);
  }

  private wrong(why: string): VireoError {
    const message = `the pattern cannot be used, at character ${this.text.at}: ${why}`;
    return new VireoError("invalid_schema", message);
  }
}

/** Replaces a surrogate, which is not a character, by U+FFFD. */
function whole(code: number): number {
  return code >= 0xd800 && code <= 0xdfff ? 0xfffd : code;
}
