import { type Expression, NEVER } from "./expression.ts";

/**
 * Restricts an expression without rules to texts of `min` to `max` characters. Possible if all of
 * its texts have such a length, if it repeats one character, or if it is a sequence with one such
 * part of variable length. Otherwise undefined.
 */
export function withLengths(of: Expression, min: number, max: number): Expression | undefined {
  const [shortest, longest] = lengthsOf(of);
  if (shortest >= min && longest <= max) return of;
  if (longest < min || shortest > max) return NEVER;
  if (of.kind === "sequence") return sequenceWithLengths(of.parts, min, max);
  if (of.kind !== "repeat" || !lengthsOf(of.of).every((length) => length === 1)) return undefined;
  return { ...of, min: Math.max(of.min, min), max: Math.min(of.max, max) };
}

/** Possible if only one part has a variable length. */
function sequenceWithLengths(
  parts: readonly Expression[],
  min: number,
  max: number,
): Expression | undefined {
  const lengths = parts.map(lengthsOf);
  const free = lengths.findIndex(([shortest, longest]) => shortest !== longest);
  if (lengths.slice(free + 1).some(([shortest, longest]) => shortest !== longest)) return undefined;
  const fixed = lengths.reduce((sum, [shortest], at) => (at === free ? sum : sum + shortest), 0);
  const part = withLengths(parts[free]!, Math.max(0, min - fixed), max - fixed);
  return part && { kind: "sequence", parts: parts.with(free, part) };
}

export function lengthsOf(of: Expression): readonly [shortest: number, longest: number] {
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
      return [shortest * of.min, longest === 0 ? 0 : longest * of.max];
    }
    case "lookahead":
      return [0, 0];
    case "rule":
      return [0, Number.POSITIVE_INFINITY];
  }
}
