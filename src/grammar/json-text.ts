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
 * The pieces of JSON text that answers are made of. Blanks are bounded: none, one, or a line end
 * with an indentation, so that a model that answers noise does not answer blanks for ever.
 */

const INDENT_MOST = 32;
const BLANKS: readonly CodeRange[] = [
  [0x09, 0x09],
  [0x20, 0x20],
];

export const SPACE = rule("space");
/** Any JSON value, and any object. */
export const ANY_VALUE = rule("value");
export const ANY_OBJECT = rule("object");

const STRING = rule("string");
const NUMBER = rule("number");

/** Characters that stand for themselves inside a string. */
const PLAIN: readonly CodeRange[] = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, LAST_CODE_POINT],
];
const HEX = characters([0x30, 0x39], [0x41, 0x46], [0x61, 0x66]);
/** Anything after \ that is one character: no half of a surrogate pair. */
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
/** Whole numbers of up to 15 digits are exact wherever JSON is read. */
export const DIGITS_MOST = 15;
const WHOLE = choice(
  text("0"),
  sequence(characters([0x31, 0x39]), repeat(DIGIT, 0, DIGITS_MOST - 1)),
);
/** An exponent of two digits keeps every number finite. */
const EXPONENT = sequence(
  characters([0x45, 0x45], [0x65, 0x65]),
  optional(characters([0x2b, 0x2b], [0x2d, 0x2d])),
  repeat(DIGIT, 1, 2),
);

export const INTEGER = rule("integer");

/** The rules that the constants of this file refer to. */
export function jsonRules(): Map<string, Expression> {
  const value = choice(
    ANY_OBJECT,
    rule("array"),
    STRING,
    NUMBER,
    ...["true", "false", "null"].map(text),
  );
  return new Map([
    [
      "space",
      choice(EMPTY, text(" "), sequence(text("\n"), repeat(characters(...BLANKS), 0, INDENT_MOST))),
    ],
    ["plain", repeat(characters(...PLAIN), 0, Number.POSITIVE_INFINITY)],
    ["character", choice(characters(...PLAIN), ESCAPE)],
    ["string", quoted(repeat(choice(characters(...PLAIN), ESCAPE), 0, Number.POSITIVE_INFINITY))],
    ["integer", sequence(optional(text("-")), WHOLE)],
    [
      "number",
      sequence(
        optional(text("-")),
        WHOLE,
        optional(sequence(text("."), repeat(DIGIT, 1, DIGITS_MOST))),
        optional(EXPONENT),
      ),
    ],
    ["value", value],
    ["object", braced(optional(listed(member(STRING, ANY_VALUE), 1, Number.POSITIVE_INFINITY)))],
    ["array", bracketed(optional(listed(ANY_VALUE, 1, Number.POSITIVE_INFINITY)))],
  ]);
}

export const ANY_STRING = STRING;
export const ANY_NUMBER = NUMBER;
/** One character of a string, however it is written. */
export const STRING_CHARACTER = rule("character");

export function quoted(of: Expression): Expression {
  return sequence(text('"'), of, text('"'));
}

export const COMMA = sequence(text(","), SPACE);

export function member(key: Expression, value: Expression): Expression {
  return sequence(key, text(":"), optional(text(" ")), value);
}

export function listed(of: Expression, least: number, most: number): Expression {
  return sequence(of, repeat(sequence(COMMA, of), least - 1, most - 1));
}

export function braced(of: Expression): Expression {
  return sequence(text("{"), SPACE, of, SPACE, text("}"));
}

export function bracketed(of: Expression): Expression {
  return sequence(text("["), SPACE, of, SPACE, text("]"));
}

/** A value in its one compact spelling. */
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

/** The same texts as they stand inside a JSON string, each character in one spelling. */
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
 * Keys that are none of the given ones. They are written without escapes, so that no other
 * spelling of a given key slips through.
 */
export function otherKeys(taken: Iterable<string>): Expression {
  return quoted(otherThan([...taken].map((key) => [...key])));
}

/** Texts of plain characters that are none of these. */
function otherThan(taken: readonly (readonly string[])[]): Expression {
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
    .map(([first, rests]) => sequence(text(first), otherThan(rests)));
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
