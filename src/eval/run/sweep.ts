// A sweep: the same benchmarks with each combination of settings, and which differences are real.

import { countedFor, headlinesOf, observationOf } from "../score-item.ts";
import { type Estimate, estimate, type Observation } from "../statistics/bootstrap.ts";
import { type Comparison, compare, type Pair } from "../statistics/paired.ts";
import { holm } from "../statistics/proportion.ts";
import type { BenchmarkId } from "../types.ts";
import { pairRuns, readScores } from "./compare-runs.ts";
import type { Summary } from "./summary.ts";

/** The values of each setting. An empty list leaves the setting as it is. */
export interface SweepAxes {
  readonly formats: readonly string[];
  readonly evs: readonly number[];
  readonly frames: readonly number[];
}

/** One combination of settings. */
export interface SweepCell {
  readonly format?: string;
  readonly evs?: number;
  readonly frames?: number;
}

const VIDEO_SETS = new Set<BenchmarkId>(["videomme", "longvideobench", "mvbench"]);

/**
 * The cells of a benchmark. Benchmarks without videos have one per format: EVS and the number of
 * frames change nothing there.
 */
export function cellsOf(benchmark: BenchmarkId, { formats, evs, frames }: SweepAxes): SweepCell[] {
  const isVideo = VIDEO_SETS.has(benchmark);
  const values = <T>(list: readonly T[]) => (list.length === 0 ? [undefined] : list);
  return values(formats).flatMap((format) =>
    values(isVideo ? evs : []).flatMap((share) =>
      values(isVideo ? frames : []).map((count) => ({
        ...(format === undefined ? {} : { format }),
        ...(share === undefined ? {} : { evs: share }),
        ...(count === undefined ? {} : { frames: count }),
      })),
    ),
  );
}

/** Name of a cell, and of its folder: "int8-evs0.5-frames32". */
export function cellName({ format, evs, frames }: SweepCell): string {
  const parts = [
    ...(format === undefined ? [] : [format]),
    ...(evs === undefined ? [] : [`evs${evs}`]),
    ...(frames === undefined ? [] : [`frames${frames}`]),
  ];
  return parts.length === 0 ? "default" : parts.join("-");
}

/** A finished and scored run of one cell. */
export interface SweepRun {
  readonly benchmark: BenchmarkId;
  readonly cell: SweepCell;
  readonly folder: string;
  readonly summary: Summary;
}

/** A score of a cell: of one headline, or the mean of all benchmarks of a kind. */
export interface SweepRow {
  readonly key: string;
  readonly cell: SweepCell;
  readonly score: Pick<Estimate, "value" | "low" | "high" | "items">;
  /** Means per item: tokens of the prompt, those of media among them, and seconds. */
  readonly promptTokens: number;
  readonly visualTokens: number;
  readonly seconds: number;
}

/** A cell compared with the first cell of its benchmark. p is adjusted over the sweep (Holm). */
export interface SweepTest {
  readonly key: string;
  readonly first: string;
  readonly other: string;
  readonly comparison: Comparison;
  readonly adjusted: number;
}

export interface Sweep {
  readonly rows: readonly SweepRow[];
  readonly tests: readonly SweepTest[];
}

/** Gathers scored runs: a row per headline and cell, means over benchmarks, and paired tests. */
export async function gatherSweep(runs: readonly SweepRun[]): Promise<Sweep> {
  const rows: SweepRow[] = runs.flatMap(({ cell, summary }) =>
    summary.headlines.map((score) => ({ key: score.key, cell, score, ...costs([summary]) })),
  );
  const tests: Omit<SweepTest, "adjusted">[] = [];
  for (const family of [runs.filter(isPicture), runs.filter((run) => !isPicture(run))]) {
    const benchmarks = new Set(family.map(({ benchmark }) => benchmark));
    const name = family.some(isPicture) ? "all pictures" : "all videos";
    if (benchmarks.size > 1) rows.push(...(await meanRows(family, name)));
    tests.push(...(await testsOf(family, benchmarks.size > 1 ? name : undefined)));
  }
  const adjusted = holm(tests.map(({ comparison }) => comparison.p));
  return { rows, tests: tests.map((one, at) => ({ ...one, adjusted: adjusted[at]! })) };
}

function isPicture({ benchmark }: SweepRun): boolean {
  return !VIDEO_SETS.has(benchmark);
}

function costs(summaries: readonly Summary[]) {
  const answered = ({ states }: Summary): number => Object.values(states).reduce((a, b) => a + b);
  const items = Math.max(
    1,
    summaries.reduce((sum, one) => sum + answered(one), 0),
  );
  const sum = (of: (summary: Summary) => number): number =>
    summaries.reduce((total, summary) => total + of(summary), 0) / items;
  return {
    promptTokens: sum(({ tokens }) => tokens.prompt),
    visualTokens: sum(({ tokens }) => tokens.visual),
    seconds: sum((summary) => summary.seconds * answered(summary)),
  };
}

/** The mean over benchmarks of each cell; every benchmark counts the same. */
async function meanRows(family: readonly SweepRun[], key: string): Promise<SweepRow[]> {
  const rows: SweepRow[] = [];
  for (const name of new Set(family.map(({ cell }) => cellName(cell)))) {
    const runs = family.filter(({ cell }) => cellName(cell) === name);
    const observations: Observation[] = [];
    for (const run of runs) observations.push(...(await observationsOf(run)));
    const { low, high, ...mean } = estimate(observations, "strata", `${key} ${name}`);
    // a bootstrap of few clusters may reach beyond the ends of the scale
    const score = { ...mean, low: Math.max(0, low), high: Math.min(1, high) };
    rows.push({ key, cell: runs[0]!.cell, score, ...costs(runs.map(({ summary }) => summary)) });
  }
  return rows;
}

/** The scores of a run, with its headlines as strata. */
async function observationsOf({ folder, benchmark, summary }: SweepRun): Promise<Observation[]> {
  const scores = await readScores(folder);
  return headlinesOf(benchmark, summary.record.settings.profile).flatMap((headline) =>
    countedFor(scores, headline).map((line) => ({
      ...observationOf(line, headline),
      ...placeIn(headline.key, line.cluster),
    })),
  );
}

/** Clusters of two benchmarks with the same name are two. */
function placeIn(key: string, cluster: string) {
  return { stratum: key, cluster: `${key} ${cluster}` };
}

/** Every cell against the first one, for each headline, and over all benchmarks of the family. */
async function testsOf(
  family: readonly SweepRun[],
  mean: string | undefined,
): Promise<Omit<SweepTest, "adjusted">[]> {
  const tests: Omit<SweepTest, "adjusted">[] = [];
  const pooled = new Map<string, Pair[]>();
  const firsts = new Map<BenchmarkId, SweepRun>();
  for (const run of family) {
    const first = firsts.get(run.benchmark);
    if (first === undefined) {
      firsts.set(run.benchmark, run);
      continue;
    }
    const other = cellName(run.cell);
    for (const { headline, pairs } of await pairRuns(first.folder, run.folder)) {
      const { key, weighting } = headline;
      const comparison = compare(pairs, weighting, key);
      tests.push({ key, first: cellName(first.cell), other, comparison });
      const all = pooled.get(other) ?? [];
      all.push(...pairs.map((pair) => ({ ...pair, ...placeIn(key, pair.cluster) })));
      pooled.set(other, all);
    }
  }
  if (mean === undefined) return tests;
  const first = cellName(family[0]!.cell);
  for (const [other, pairs] of pooled) {
    tests.push({ key: mean, first, other, comparison: compare(pairs, "strata", mean) });
  }
  return tests;
}
