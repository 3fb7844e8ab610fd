// Comparison of two runs on the items that both answered.

import { groupBy } from "../group-by.ts";
import {
  DRAWS,
  type Estimate,
  estimate,
  isIndependent,
  meanOf,
  type Observation,
  type Weighting,
} from "./bootstrap.ts";
import { mcnemar } from "./proportion.ts";
import { seededRandom } from "./random.ts";

/** The scores of one item in both runs, 0 to 1. */
export interface Pair extends Omit<Observation, "value"> {
  readonly a: number;
  readonly b: number;
}

export interface Comparison {
  /** Mean of b minus mean of a, with its 95 % interval. */
  readonly difference: Estimate;
  readonly p: number;
  readonly test: "McNemar" | "sign flips";
  /** Items with a higher score in run a, and in run b. */
  readonly onlyA: number;
  readonly onlyB: number;
  /** Items that would show a difference of one point in 80 % of comparisons. */
  readonly itemsForOnePoint: number;
}

/**
 * Compares two runs. Right and wrong answers of independent items are tested exactly by McNemar's
 * test; real-valued, macro-averaged or clustered scores by random sign flips.
 */
export function compare(
  pairs: readonly Pair[],
  weighting: Weighting,
  seed: string,
  draws = DRAWS,
): Comparison {
  const differences = pairs.map(({ a, b, ...place }) => ({ ...place, value: b - a }));
  const difference = differenceOf(differences, weighting, seed, draws);
  const onlyA = differences.filter(({ value }) => value < 0).length;
  const onlyB = differences.filter(({ value }) => value > 0).length;
  const isExact = weighting === "items" && isBinary(pairs) && isIndependent(pairs);
  const p = isExact ? mcnemar(onlyA, onlyB) : flipSigns(differences, weighting, seed, draws);
  const itemsForOnePoint = itemsNeeded(difference, 0.01);
  const test = isExact ? "McNemar" : "sign flips";
  return { difference, p, test, onlyA, onlyB, itemsForOnePoint };
}

/**
 * The mean difference. Where no score differs, its interval is that of a proportion of 0, to both
 * sides: either run may be the better one.
 */
function differenceOf(
  differences: readonly Observation[],
  weighting: Weighting,
  seed: string,
  draws: number,
): Estimate {
  const result = estimate(differences, weighting, seed, draws);
  return differences.some(({ value }) => value !== 0) ? result : { ...result, low: -result.high };
}

function isBinary(pairs: readonly Pair[]): boolean {
  return pairs.every(({ a, b }) => (a === 0 || a === 1) && (b === 0 || b === 1));
}

/** Rounding of sums must not make an equal difference look smaller. */
const TINY = 1e-12;

/**
 * The share of sign flips, by cluster, that give a mean at least as far from 0. The observed signs
 * count as one of the flips, so p is never 0.
 */
function flipSigns(
  differences: readonly Observation[],
  weighting: Weighting,
  seed: string,
  draws: number,
): number {
  const observed = Math.abs(meanOf(differences, weighting)) - TINY;
  const strata = groupBy(differences, ({ stratum }) => stratum);
  // each cluster's share of the mean
  const shares = [...strata.values()].flatMap((group) => {
    const divisor = weighting === "strata" ? strata.size * group.length : differences.length;
    const clusters = groupBy(group, ({ cluster }) => cluster).values();
    return [...clusters].map((list) => list.reduce((sum, { value }) => sum + value, 0) / divisor);
  });
  const moving = Float64Array.from(shares.filter((share) => share !== 0));
  const random = seededRandom(`${seed} flips`);
  let extreme = 1;
  for (let draw = 0; draw < draws; draw += 1) {
    let sum = 0;
    for (const share of moving) sum += random() < 0.5 ? share : -share;
    if (Math.abs(sum) >= observed) extreme += 1;
  }
  return extreme / (draws + 1);
}

/** (1.96 + 0.84)²: the square of the normal points for 95 % confidence and 80 % power. */
const POWER = 7.849;

/** Items for which a true difference of `size` is found with 80 % power. */
function itemsNeeded({ error, items }: Estimate, size: number): number {
  return Math.ceil((POWER * error ** 2 * items) / size ** 2);
}

/** The result in words, for a level of 5 %. `adjusted`: the p after Holm's method. */
export function inWords(comparison: Comparison, adjusted = comparison.p): string {
  const { difference, itemsForOnePoint } = comparison;
  const points = (100 * Math.abs(difference.value)).toFixed(1);
  if (adjusted < 0.05) {
    return `${difference.value > 0 ? "better" : "worse"} by ${points} points`;
  }
  const needed =
    itemsForOnePoint > difference.items
      ? `; about ${itemsForOnePoint} would be needed for 1 point`
      : "";
  return `cannot be told apart with ${difference.items} items${needed}`;
}
