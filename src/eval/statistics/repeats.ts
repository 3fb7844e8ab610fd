import { mean, standardDeviation } from "./deviation.ts";

export interface Repeats {
  readonly mean: number;
  /** Standard deviation of the runs' means: what sampling of answers alone changes. */
  readonly betweenRuns: number;
  /** Standard deviation of the items' means over the runs: how much items differ. */
  readonly betweenItems: number;
}

/** Summarises k runs of the same items; `runs[k][i]` is the score of item i in run k. */
export function summariseRepeats(runs: readonly (readonly number[])[]): Repeats {
  const means = runs.map(mean);
  const items = (runs[0] ?? []).map((_, at) => mean(runs.map((run) => run[at]!)));
  const [betweenRuns, betweenItems] = [standardDeviation(means), standardDeviation(items)];
  return { mean: mean(means), betweenRuns, betweenItems };
}
