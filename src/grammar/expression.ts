/**
 * A grammar as data. Every front end (JSON Schema, regular expressions, GBNF, lists of choices,
 * tools) produces one; `program.ts` compiles it.
 */

/** First and last code point, both included, without surrogates. */
export type CodeRange = readonly [first: number, last: number];

export type Expression =
  | { readonly kind: "text"; readonly text: string }
  /** One character out of these ranges. */
  | { readonly kind: "characters"; readonly ranges: readonly CodeRange[] }
  | { readonly kind: "sequence"; readonly parts: readonly Expression[] }
  /** Without options, no text matches, not even the empty one. */
  | { readonly kind: "choice"; readonly options: readonly Expression[] }
  /** max: Infinity for no limit. */
  | {
      readonly kind: "repeat";
      readonly of: Expression;
      readonly min: number;
      readonly max: number;
    }
  | { readonly kind: "rule"; readonly name: string }
  /**
   * The rest of the text begins with a match of `of` (`whole`: is a match); `negative`: it does
   * not. Occurs in patterns only; `regular.ts` converts it to rules.
   */
  | {
      readonly kind: "lookahead";
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

export function repeat(of: Expression, min: number, max: number): Expression {
  return { kind: "repeat", of, min, max };
}

export function optional(of: Expression): Expression {
  return choice(EMPTY, of);
}

export function rule(name: string): Expression {
  return { kind: "rule", name };
}

/** One of the texts. Common prefixes are written once, so that thousands of texts stay cheap. */
export function oneOfTexts(values: readonly string[]): Expression {
  const sorted = [...new Set(values)].sort();
  return prefixTree(sorted, 0, sorted.length, 0);
}

/** The texts sorted[from] to sorted[to − 1], which share their first `at` code units. */
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

/** Sorts and joins the ranges and removes surrogates, which no text can contain. */
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

/** All characters in both. */
export function intersection(a: readonly CodeRange[], b: readonly CodeRange[]): CodeRange[] {
  return complement([...complement(a), ...complement(b)]);
}
