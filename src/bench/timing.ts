// Timing: many short runs in turns, of which the best and the median count. A shared machine takes
// a core away for milliseconds at a time, so only the best of many short runs shows the kernel.

export interface Timing {
  /** Milliseconds. */
  readonly best: number;
  readonly median: number;
  readonly runs: number;
}

/** Milliseconds that `run` takes. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

export function summarise(samples: readonly number[]): Timing {
  const sorted = [...samples].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return { best: sorted[0] ?? Number.NaN, median, runs: sorted.length };
}

/** Runs them in turns until the time is over, each at least three times. */
export async function interleave(
  runs: readonly (() => Promise<number>)[],
  seconds: number,
): Promise<Timing[]> {
  const samples = runs.map((): number[] => []);
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < 3 || performance.now() < end; round++) {
    for (const [index, run] of runs.entries()) samples[index]!.push(await run());
  }
  return samples.map(summarise);
}
