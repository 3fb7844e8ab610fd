// Comparison of two runs of one benchmark on the items that both answered.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { VireoError } from "../../core/errors.ts";
import { countedFor, type Headline, headlinesOf, observationOf } from "../score-item.ts";
import { type Comparison, compare, type Pair } from "../statistics/paired.ts";
import { readRecord } from "./run.ts";
import type { ScoreLine } from "./summary.ts";

export interface RunComparison extends Comparison {
  readonly key: string;
  readonly title: string;
}

/** A headline of two runs with the scores of the items that both answered. */
export interface PairedHeadline {
  readonly headline: Headline;
  readonly pairs: readonly Pair[];
}

/** Compares the headlines of two scored runs. Throws invalid_option if they do not fit together. */
export async function compareRuns(a: string, b: string): Promise<RunComparison[]> {
  return (await pairRuns(a, b)).map(({ headline: { key, title, weighting }, pairs }) => {
    return { key, title, ...compare(pairs, weighting, key) };
  });
}

/** The items that two scored runs have in common, for each headline that has any. */
export async function pairRuns(a: string, b: string): Promise<PairedHeadline[]> {
  const [first, second] = [await readRecord(a), await readRecord(b)];
  const { benchmark, profile } = first.settings;
  if (second.settings.benchmark !== benchmark) throw mismatch("the runs are of two benchmarks");
  if (second.settings.profile !== profile) throw mismatch("the runs have two profiles");
  const scores = await readScores(a);
  const others = new Map((await readScores(b)).map(({ id, score }) => [id, score.value]));
  return headlinesOf(benchmark, profile).flatMap((headline) => {
    const pairs = countedFor(scores, headline).flatMap((line): Pair[] => {
      const { value, ...place } = observationOf(line, headline);
      const other = others.get(line.id);
      return other === undefined ? [] : [{ a: value, b: other, ...place }];
    });
    return pairs.length === 0 ? [] : [{ headline, pairs }];
  });
}

/** The lines of scores.jsonl. */
export async function readScores(folder: string): Promise<ScoreLine[]> {
  const text = await readFile(join(folder, "scores.jsonl"), "utf8").catch(() => undefined);
  if (text === undefined) throw mismatch(`${folder} has no scores; run vireo eval score first`);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ScoreLine);
}

function mismatch(problem: string): VireoError {
  return new VireoError("invalid_option", problem);
}
