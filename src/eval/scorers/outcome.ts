import type { Score } from "../types.ts";

type Extras = Pick<Score, "approximate" | "ignored" | "others">;

/** A score whose state follows from its value. */
export function graded(
  value: number,
  parsed: string | null,
  rule: string,
  extras: Extras = {},
): Score {
  const state = value >= 1 ? "right" : value > 0 ? "partial" : "wrong";
  return { value, state, parsed, rule, ...extras };
}

/** A score of 0 for an answer that no rule could read. References throw dice here, or say wrong. */
export function unparsed(rule: string, extras: Extras = {}): Score {
  return { value: 0, state: "unparsed", parsed: null, rule, ...extras };
}

/** A score of 0 for an answer in which the model refuses. */
export function refused(rule: string): Score {
  return { value: 0, state: "refused", parsed: null, rule };
}
