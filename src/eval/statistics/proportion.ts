// Proportions: right answers of all, and pairs of right and wrong answers.

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The 97.5 % point of the normal distribution. */
export const Z95 = 1.959963984540054;

/** The 95 % interval of Wilson (1927) for a proportion; it keeps its coverage near 0 and 1. */
export function wilson(right: number, all: number): Interval {
  if (all === 0) return { low: 0, high: 1 };
  const share = right / all;
  const square = Z95 ** 2;
  const middle = share + square / (2 * all);
  const half = Z95 * Math.sqrt((share * (1 - share)) / all + square / (4 * all ** 2));
  const size = 1 + square / all;
  // rounding must not miss the ends
  const low = right === 0 ? 0 : (middle - half) / size;
  return { low, high: right === all ? 1 : (middle + half) / size };
}

/**
 * The exact two-sided p of McNemar's test: how likely a split of b + c at least as uneven as this
 * is if both sides are equally likely. b: only the first was right; c: only the second.
 */
export function mcnemar(b: number, c: number): number {
  const n = b + c;
  const few = Math.min(b, c);
  let logTerm = -n * Math.LN2;
  let sum = 0;
  for (let k = 0; k <= few; k += 1) {
    sum += Math.exp(logTerm);
    logTerm += Math.log(n - k) - Math.log(k + 1);
  }
  return Math.min(1, 2 * sum);
}

/**
 * Adjusts the p values of several comparisons by Holm's method, so that the chance of any false
 * finding among them stays below the level. In the order given.
 */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((x, y) => values[x]! - values[y]!);
  const adjusted: number[] = [];
  let highest = 0;
  for (const [rank, at] of order.entries()) {
    highest = Math.max(highest, Math.min(1, values[at]! * (values.length - rank)));
    adjusted[at] = highest;
  }
  return adjusted;
}
