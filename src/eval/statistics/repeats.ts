export interface Repeats {
  readonly mean: number;
  /** Standard deviation of the runs' means: what sampling of answers alone changes. */
  readonly betweenRuns: number;
  /** Standard deviation of the items' means over the runs: how much items differ. */
  readonly betweenItems: number;
}

/** Summarises k runs of the same items; `runs[k][i]` is the score of item i in run k. */
export function summariseRepeats(runs: readonly (readonly number[])[]): Repeats {
  const means = runs.map(average);
  const items = (runs[0] ?? []).map((_, at) => average(runs.map((run) => run[at]!)));
  return { mean: average(means), betweenRuns: spread(means), betweenItems: spread(items) };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function spread(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = average(values);
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(square / (values.length - 1));
}
