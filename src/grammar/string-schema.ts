import type { StringFormat } from "../core/string-formats.ts";
import { type Expression, NEVER, repeat } from "./expression.ts";
import { FORMATS } from "./formats.ts";
import { ANY_STRING, insideString, quoted, STRING_CHARACTER } from "./json-text.ts";
import { parseRegex } from "./regex.ts";
import { conjunctionExpression, hasLookahead, type RuleBook } from "./regular.ts";
import { lengthsOf, withLengths } from "./text-length.ts";

/** Conditions of a schema on a string. */
export interface StringSchema {
  readonly patterns: readonly string[];
  readonly formats: readonly StringFormat[];
  readonly minLength: number;
  /** Infinity: no limit. */
  readonly maxLength: number;
}

/**
 * The JSON strings that satisfy all conditions. If patterns and formats have no text in common,
 * only the patterns apply. Adds rules to the book. Throws invalid_schema; `place` begins the
 * message.
 */
export function stringExpression(schema: StringSchema, book: RuleBook, place: string): Expression {
  const { minLength, maxLength, formats } = schema;
  const patterns = schema.patterns.map(parseRegex);
  const all = [...formats.map((name) => parseRegex(FORMATS[name](maxLength))), ...patterns];
  if (all.length === 0) {
    if (minLength === 0 && maxLength === Number.POSITIVE_INFINITY) return ANY_STRING;
    return quoted(repeat(STRING_CHARACTER, minLength, maxLength));
  }
  const expression = conjunction(all, schema, book, place);
  if (expression !== NEVER || patterns.length === 0) return quoted(expression);
  return quoted(conjunction(patterns, schema, book, place));
}

function conjunction(
  all: readonly Expression[],
  { minLength, maxLength }: StringSchema,
  book: RuleBook,
  place: string,
): Expression {
  const [only] = all;
  if (only && all.length === 1 && !hasLookahead(only)) {
    const lengths = withLengths(only, minLength, maxLength);
    if (lengths !== undefined) return insideString(lengths);
  }
  // a limit that some part satisfies anyway need not be counted
  const longest = Math.min(...all.map((of) => lengthsOf(of)[1]));
  const limit = longest <= maxLength ? Number.POSITIVE_INFINITY : maxLength;
  return conjunctionExpression({ all, minLength, maxLength: limit, place }, book, insideString);
}

/** True if the text has the format. */
export function hasFormat(text: string, format: StringFormat): boolean {
  return new RegExp(`^(?:${FORMATS[format](Number.POSITIVE_INFINITY)})$`, "u").test(text);
}
