/**
 * A grammar as data: what a text may look like. Every front end (JSON Schema, regular expressions,
 * GBNF, lists of choices, tools) makes one of these; `program.ts` is the only reader.
 */

/** First and last code point, both included. Never holds half a surrogate pair. */
export type CodeRange = readonly [first: number, last: number];

export type Expression =
  | { readonly kind: "text"; readonly text: string }
  /** One character out of these ranges. */
  | { readonly kind: "characters"; readonly ranges: readonly CodeRange[] }
  | { readonly kind: "sequence"; readonly parts: readonly Expression[] }
  /** Without options nothing matches: not even the empty text. */
  | { readonly kind: "choice"; readonly options: readonly Expression[] }
  /** most: Infinity for no end. */
  | {
      readonly kind: "repeat";
      readonly of: Expression;
      readonly least: number;
      readonly most: number;
    }
  | { readonly kind: "rule"; readonly name: string }
  /**
   * What follows, up to the end of the text, begins with one of these texts (`whole`: is one of
   * them); `negative`: it does not. Only in patterns: `regular.ts` makes rules of it.
   */
  | {
      readonly kind: "look";
      readonly of: Expression;
      readonly negative: boolean;
      readonly whole: boolean;
    };

export interface Grammar {
  readonly root: Expression;
  readonly rules: ReadonlyMap<string, Expression>;
}

export const EMPTY: Expression = Object.freeze({ kind: "text", text: "" });
export const NEVER: Expression = Object.freeze({ kind: "choice", options: [] });

export function text(value: string): Expression {
  return { kind: "text", text: value };
}

export function characters(...ranges: readonly CodeRange[]): Expression {
  return { kind: "characters", ranges };
}

export function sequence(...parts: readonly Expression[]): Expression {
  return parts.length === 1 && parts[0] ? parts[0] : { kind: "sequence", parts };
}

export function choice(...options: readonly Expression[]): Expression {
  return options.length === 1 && options[0] ? options[0] : { kind: "choice", options };
}

export function repeat(of: Expression, least: number, most: number): Expression {
  return { kind: "repeat", of, least, most };
}

export function optional(of: Expression): Expression {
  return choice(EMPTY, of);
}

export function rule(name: string): Expression {
  return { kind: "rule", name };
}

/** One of these texts. What several begin with is written once, so that thousands are no burden. */
export function oneOfTexts(values: readonly string[]): Expression {
  const sorted = [...new Set(values)].sort();
  return prefixTree(sorted, 0, sorted.length, 0);
}

/** sorted[from] up to sorted[to], which agree up to `at`. */
function prefixTree(sorted: readonly string[], from: number, to: number, at: number): Expression {
  const [first = "", last = ""] = [sorted[from], sorted[to - 1]];
  if (to - from === 1) return text(first.slice(at));
  let shared = at;
  while (shared < first.length && first[shared] === last[shared]) shared++;
  // not between the halves of a surrogate pair
  if (shared > at && (first.charCodeAt(shared - 1) & 0xfc00) === 0xd800) shared--;
  const options: Expression[] = [];
  for (let begin = from; begin < to; ) {
    const letter = characterAt(sorted[begin]!, shared);
    let end = begin + 1;
    while (end < to && characterAt(sorted[end]!, shared) === letter) end++;
    options.push(letter === "" ? EMPTY : prefixTree(sorted, begin, end, shared));
    begin = end;
  }
  return sequence(text(first.slice(at, shared)), choice(...options));
}

function characterAt(value: string, at: number): string {
  const code = value.codePointAt(at);
  return code === undefined ? "" : String.fromCodePoint(code);
}

export const LAST_CODE_POINT = 0x10ffff;

/** Sorted, joined where they touch, and without the surrogates, which no text can hold. */
export function normalised(ranges: readonly CodeRange[]): CodeRange[] {
  const whole = ranges
    .flatMap(([first, last]): CodeRange[] => [
      [first, Math.min(last, 0xd7ff)],
      [Math.max(first, 0xe000), last],
    ])
    .filter(([first, last]) => first <= last)
    .sort(([a], [b]) => a - b);
  const joined: [number, number][] = [];
  for (const [first, last] of whole) {
    const previous = joined.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else joined.push([first, last]);
  }
  return joined;
}

/** All characters that are not in the ranges. */
export function complement(ranges: readonly CodeRange[]): CodeRange[] {
  const others: CodeRange[] = [];
  let next = 0;
  for (const [first, last] of normalised(ranges)) {
    others.push([next, first - 1]);
    next = last + 1;
  }
  others.push([next, LAST_CODE_POINT]);
  return normalised(others.filter(([first, last]) => first <= last));
}

/** Characters that are in both. */
export function intersection(a: readonly CodeRange[], b: readonly CodeRange[]): CodeRange[] {
  return complement([...complement(a), ...complement(b)]);
}
