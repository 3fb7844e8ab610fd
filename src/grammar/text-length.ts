import type { Expression } from "./expression.ts";

/**
 * The expression's texts of `least` to `most` characters, where that can be said: if all of them
 * are, or if it is one character repeated. Undefined otherwise. For expressions without rules.
 */
export function withLengths(of: Expression, least: number, most: number): Expression | undefined {
  const [shortest, longest] = lengthsOf(of);
  if (shortest >= least && longest <= most) return of;
  if (of.kind !== "repeat" || of.of.kind !== "characters") return undefined;
  return { ...of, least: Math.max(of.least, least), most: Math.min(of.most, most) };
}

function lengthsOf(of: Expression): readonly [shortest: number, longest: number] {
  switch (of.kind) {
    case "text": {
      const { length } = [...of.text];
      return [length, length];
    }
    case "characters":
      return [1, 1];
    case "sequence":
      return of.parts.map(lengthsOf).reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    case "choice":
      return of.options
        .map(lengthsOf)
        .reduce(
          ([a, b], [c, d]) => [Math.min(a, c), Math.max(b, d)],
          [Number.POSITIVE_INFINITY, 0],
        );
    case "repeat": {
      const [shortest, longest] = lengthsOf(of.of);
      return [shortest * of.least, longest === 0 ? 0 : longest * of.most];
    }
    case "rule":
      return [0, Number.POSITIVE_INFINITY];
  }
}
