import { type Expression, NEVER } from "./expression.ts";

/**
 * The expression's texts of `least` to `most` characters, where that can be said: if all of them
 * are, if it is one character repeated, or such a repetition among parts of a fixed length.
 * Undefined otherwise. For expressions without rules.
 */
export function withLengths(of: Expression, least: number, most: number): Expression | undefined {
  const [shortest, longest] = lengthsOf(of);
  if (shortest >= least && longest <= most) return of;
  if (longest < least || shortest > most) return NEVER;
  if (of.kind === "sequence") return sequenceWithLengths(of.parts, least, most);
  if (of.kind !== "repeat" || !lengthsOf(of.of).every((length) => length === 1)) return undefined;
  return { ...of, least: Math.max(of.least, least), most: Math.min(of.most, most) };
}

/** Where one part alone may be longer or shorter. */
function sequenceWithLengths(
  parts: readonly Expression[],
  least: number,
  most: number,
): Expression | undefined {
  const lengths = parts.map(lengthsOf);
  const free = lengths.findIndex(([shortest, longest]) => shortest !== longest);
  if (lengths.slice(free + 1).some(([shortest, longest]) => shortest !== longest)) return undefined;
  const fixed = lengths.reduce((sum, [shortest], at) => (at === free ? sum : sum + shortest), 0);
  const part = withLengths(parts[free]!, Math.max(0, least - fixed), most - fixed);
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
      return [shortest * of.least, longest === 0 ? 0 : longest * of.most];
    }
    case "look":
      return [0, 0];
    case "rule":
      return [0, Number.POSITIVE_INFINITY];
  }
}
