import {
  type CodeRange,
  characters,
  choice,
  EMPTY,
  type Expression,
  intersection,
  LAST_CODE_POINT,
  optional,
  repeat,
  rule,
  sequence,
  text,
} from "./expression.ts";

/**
 * Building blocks of JSON text. White space is limited to the output of formatters: none, one
 * space, or a line end with two spaces, four spaces or a tab per level. Without this limit, a model
 * could generate spaces forever.
 */

/** Maximum level with line ends; each level needs rules of its own. */
export const MAX_INDENTED_LEVEL = 8;

/** The level inside an object or list; levels too deep for line ends count as one. */
export function levelBelow(level: number): number {
  return Math.min(level + 1, MAX_INDENTED_LEVEL + 1);
}

function space(level: number): Expression {
  return rule(`space-${level}`);
}

/** Any JSON value inside `level` objects and lists. */
export function anyValue(level: number): Expression {
  return rule(`value-${level}`);
}

/** Any object inside `level` objects and lists. */
export function anyObject(level: number): Expression {
  return rule(`object-${level}`);
}

const STRING = rule("string");
const NUMBER = rule("number");

/** Characters that need no escape inside a string. */
const PLAIN: readonly CodeRange[] = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, LAST_CODE_POINT],
];
const HEX = characters([0x30, 0x39], [0x41, 0x46], [0x61, 0x66]);
/** Escapes of one character; surrogates are excluded. */
const ESCAPE = sequence(
  text("\\"),
  choice(
    characters(...[...'"\\/bfnrt'].map((of): CodeRange => [of.charCodeAt(0), of.charCodeAt(0)])),
    sequence(
      text("u"),
      choice(
        sequence(
          characters([0x30, 0x39], [0x41, 0x43], [0x45, 0x46], [0x61, 0x63], [0x65, 0x66]),
          repeat(HEX, 3, 3),
        ),
        sequence(
          characters([0x44, 0x44], [0x64, 0x64]),
          characters([0x30, 0x37]),
          repeat(HEX, 2, 2),
        ),
      ),
    ),
  ),
);
const DIGIT = characters([0x30, 0x39]);
/** Whole numbers of up to 15 digits are exact in every JSON parser. */
export const MAX_DIGITS = 15;
const WHOLE = choice(
  text("0"),
  sequence(characters([0x31, 0x39]), repeat(DIGIT, 0, MAX_DIGITS - 1)),
);
/** An exponent of two digits keeps every number finite. */
const EXPONENT = sequence(
  characters([0x45, 0x45], [0x65, 0x65]),
  optional(characters([0x2b, 0x2b], [0x2d, 0x2d])),
  repeat(DIGIT, 1, 2),
);

export const INTEGER = rule("integer");

/** The rules that the expressions of this file refer to. */
export function jsonRules(): Map<string, Expression> {
  const levels = Array.from({ length: MAX_INDENTED_LEVEL + 2 }, (_, level) => level);
  return new Map([
    ...levels.flatMap(levelRules),
    ["plain", repeat(characters(...PLAIN), 0, Number.POSITIVE_INFINITY)],
    ["character", choice(characters(...PLAIN), ESCAPE)],
    ["string", quoted(repeat(choice(characters(...PLAIN), ESCAPE), 0, Number.POSITIVE_INFINITY))],
    ["integer", sequence(optional(text("-")), WHOLE)],
    [
      "number",
      sequence(
        optional(text("-")),
        WHOLE,
        optional(sequence(text("."), repeat(DIGIT, 1, MAX_DIGITS))),
        optional(EXPONENT),
      ),
    ],
  ]);
}

function levelRules(level: number): [name: string, body: Expression][] {
  const inside = levelBelow(level);
  const listed = (of: Expression): Expression => {
    return sequence(of, repeat(sequence(comma(inside), of), 0, Number.POSITIVE_INFINITY));
  };
  const scalars = [STRING, NUMBER, ...["true", "false", "null"].map(text)];
  return [
    [`space-${level}`, choice(EMPTY, text(" "), ...lineEnd(level))],
    [`value-${level}`, choice(anyObject(level), rule(`array-${level}`), ...scalars)],
    [
      `object-${level}`,
      choice(text("{}"), braced(listed(member(STRING, anyValue(inside))), level)),
    ],
    [`array-${level}`, choice(text("[]"), bracketed(listed(anyValue(inside)), level))],
  ];
}

function lineEnd(level: number): Expression[] {
  if (level > MAX_INDENTED_LEVEL) return [];
  const two = "  ".repeat(level);
  const indentations = [sequence(text(two), optional(text(two))), text("\t".repeat(level))];
  return [sequence(text("\n"), level === 0 ? EMPTY : choice(...indentations))];
}

export const ANY_STRING = STRING;
export const ANY_NUMBER = NUMBER;
/** One character of a string, with or without an escape. */
export const STRING_CHARACTER = rule("character");

export function quoted(of: Expression): Expression {
  return sequence(text('"'), of, text('"'));
}

export function member(key: Expression, value: Expression): Expression {
  return sequence(key, text(":"), optional(text(" ")), value);
}

/** Comma between parts at that level. */
export function comma(level: number): Expression {
  return sequence(text(","), space(level));
}

/** An object at that level, with content that is not empty. */
export function braced(of: Expression, level: number): Expression {
  return sequence(text("{"), ...spaced(of, level), text("}"));
}

/** A list at that level, with content that is not empty. */
export function bracketed(of: Expression, level: number): Expression {
  return sequence(text("["), ...spaced(of, level), text("]"));
}

/** Content with white space around it; deep levels have no line ends. */
function spaced(of: Expression, level: number): Expression[] {
  const inside = levelBelow(level);
  return [space(inside), of, space(inside > MAX_INDENTED_LEVEL ? inside : level)];
}

/** A value in its compact JSON form. */
export function literal(value: unknown): Expression {
  return text(JSON.stringify(value));
}

const SHORT_ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x08, "\\b"],
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0c, "\\f"],
  [0x0d, "\\r"],
  [0x22, '\\"'],
  [0x5c, "\\\\"],
]);

/** The texts as written inside a JSON string; each character has one spelling. */
export function insideString(of: Expression): Expression {
  switch (of.kind) {
    case "text":
      return text(JSON.stringify(of.text).slice(1, -1));
    case "characters":
      return choice(characters(...intersection(of.ranges, PLAIN)), ...escapes(of.ranges));
    case "sequence":
      return sequence(...of.parts.map(insideString));
    case "choice":
      return choice(...of.options.map(insideString));
    case "repeat":
      return { ...of, of: insideString(of.of) };
    case "lookahead":
      throw new Error("lookaheads must be converted to rules first");
    case "rule":
      return of;
  }
}

function escapes(ranges: readonly CodeRange[]): Expression[] {
  const outside = [...Array.from({ length: 0x20 }, (_, code) => code), 0x22, 0x5c];
  return outside
    .filter((code) => ranges.some(([first, last]) => first <= code && code <= last))
    .map((code) => text(SHORT_ESCAPES.get(code) ?? `\\u${code.toString(16).padStart(4, "0")}`));
}

/**
 * Keys other than the given ones. Escapes are excluded, so that no other spelling of a given key is
 * allowed.
 */
export function otherKeys(taken: Iterable<string>): Expression {
  return quoted(textsOtherThan([...taken].map((key) => [...key])));
}

/** Texts of plain characters other than these. */
function textsOtherThan(taken: readonly (readonly string[])[]): Expression {
  if (taken.length === 0) return rule("plain");
  const byFirst = new Map<string, string[][]>();
  for (const [first, ...rest] of taken) {
    if (first === undefined) continue;
    const others = byFirst.get(first);
    if (others) others.push(rest);
    else byFirst.set(first, [rest]);
  }
  const firsts = [...byFirst.keys()].map((key): CodeRange => {
    return [key.codePointAt(0)!, key.codePointAt(0)!];
  });
  const different = sequence(characters(...without(PLAIN, firsts)), rule("plain"));
  const alike = [...byFirst]
    .filter(([first]) =>
      PLAIN.some(([low, high]) => low <= first.codePointAt(0)! && first.codePointAt(0)! <= high),
    )
    .map(([first, rests]) => sequence(text(first), textsOtherThan(rests)));
  const mayBeEmpty = taken.every((key) => key.length > 0);
  return choice(...(mayBeEmpty ? [EMPTY] : []), different, ...alike);
}

function without(ranges: readonly CodeRange[], taken: readonly CodeRange[]): CodeRange[] {
  return taken.reduce<CodeRange[]>(
    (left, [code]) =>
      left.flatMap(([first, last]): CodeRange[] =>
        code < first || code > last
          ? [[first, last]]
          : (
              [
                [first, code - 1],
                [code + 1, last],
              ] as CodeRange[]
            ).filter(([a, b]) => a <= b),
      ),
    [...ranges],
  );
}
