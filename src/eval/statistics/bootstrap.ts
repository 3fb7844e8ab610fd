// The percentile bootstrap for means over items, over strata, and over clusters of items.

import { groupBy } from "../group-by.ts";
import { standardDeviation } from "./deviation.ts";
import { type Interval, wilson } from "./proportion.ts";
import { type Random, seededRandom } from "./random.ts";

/** The score of one item, 0 to 1, or a difference of two, −1 to 1. */
export interface Observation {
  readonly value: number;
  /** A group whose share of the mean is fixed, such as a task of a macro average. */
  readonly stratum: string;
  /** Items that are drawn together, such as the questions of one video. */
  readonly cluster: string;
}

/** "items": every item counts the same. "strata": every stratum counts the same. */
export type Weighting = "items" | "strata";

export interface Estimate extends Interval {
  readonly value: number;
  readonly items: number;
  /** Standard error of the value. */
  readonly error: number;
}

export const DRAWS = 10_000;

/** The mean of the observations by the weighting; NaN of none. */
export function meanOf(observations: readonly Observation[], weighting: Weighting): number {
  return combine(strataOf(observations, weighting), ({ mean }) => mean);
}

/**
 * The mean with its 95 % interval. Clusters are drawn with replacement within each stratum, so a
 * macro average keeps its strata. Deviations of a stratum of n clusters are widened by
 * √(n / (n − 1)), without which small strata make intervals too narrow. Where every value is the
 * same, the interval is that of a proportion: no width would claim certainty.
 */
export function estimate(
  observations: readonly Observation[],
  weighting: Weighting,
  seed: string,
  draws = DRAWS,
): Estimate {
  const strata = strataOf(observations, weighting);
  const value = combine(strata, ({ mean }) => mean);
  const items = observations.length;
  const first = observations[0]?.value;
  if (first === undefined || observations.every((one) => one.value === first)) {
    return { value, items, error: 0, ...certain(value, items) };
  }
  const sample = drawMeans(strata, seededRandom(seed), draws).sort();
  return { value, items, error: standardDeviation(sample), ...percentiles(sample) };
}

/** Whether each observation has a cluster of its own. */
export function isIndependent(list: readonly Pick<Observation, "cluster">[]): boolean {
  return new Set(list.map(({ cluster }) => cluster)).size === list.length;
}

function certain(value: number, items: number): Interval {
  if (value < 0 || value > 1 || Number.isNaN(value)) return { low: value, high: value };
  return wilson(value * items, items);
}

interface Stratum {
  /** Its share of the whole mean. */
  readonly weight: number;
  readonly mean: number;
  /** For each cluster the sum of its values, and their number. */
  readonly sums: Float64Array;
  readonly counts: Float64Array;
}

function strataOf(observations: readonly Observation[], weighting: Weighting): Stratum[] {
  const groups = groupBy(observations, ({ stratum }) => stratum);
  return [...groups.values()].map((group) => {
    const clusters = [...groupBy(group, ({ cluster }) => cluster).values()];
    const weight = weighting === "strata" ? 1 / groups.size : group.length / observations.length;
    const sum = (list: readonly Observation[]) => list.reduce((s, { value }) => s + value, 0);
    return {
      weight,
      mean: sum(group) / group.length,
      sums: Float64Array.from(clusters, sum),
      counts: Float64Array.from(clusters, (cluster) => cluster.length),
    };
  });
}

function combine(strata: readonly Stratum[], meanOfOne: (stratum: Stratum) => number): number {
  if (strata.length === 0) return Number.NaN;
  return strata.reduce((sum, stratum) => sum + stratum.weight * meanOfOne(stratum), 0);
}

function drawMeans(strata: readonly Stratum[], random: Random, draws: number): Float64Array {
  const means = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw += 1) {
    means[draw] = combine(strata, (stratum) => drawMean(stratum, random));
  }
  return means;
}

function drawMean({ mean, sums, counts }: Stratum, random: Random): number {
  const n = sums.length;
  if (n === 1) return mean;
  let sum = 0;
  let count = 0;
  for (let drawn = 0; drawn < n; drawn += 1) {
    const at = Math.floor(random() * n);
    sum += sums[at]!;
    count += counts[at]!;
  }
  return mean + (sum / count - mean) * Math.sqrt(n / (n - 1));
}

/** The 2.5 % and 97.5 % points of sorted values. */
export function percentiles(sorted: Float64Array): Interval {
  return { low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (place - below);
}
