// Comparison of two runs of one benchmark on the items that both answered.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { VireoError } from "../../core/errors.ts";
import { headlinesOf } from "../score-item.ts";
import { type Comparison, compare, type Pair } from "../statistics/paired.ts";
import { readRecord } from "./run.ts";
import type { ScoreLine } from "./summary.ts";

export interface RunComparison extends Comparison {
  readonly key: string;
  readonly title: string;
}

/** Compares the headlines of two scored runs. Throws invalid_option if they do not fit together. */
export async function compareRuns(a: string, b: string): Promise<RunComparison[]> {
  const [first, second] = [await readRecord(a), await readRecord(b)];
  if (first === undefined || second === undefined) {
    throw mismatch(`${first === undefined ? a : b} holds no run`);
  }
  const { benchmark, profile } = first.settings;
  if (second.settings.benchmark !== benchmark) throw mismatch("the runs are of two benchmarks");
  if (second.settings.profile !== profile) throw mismatch("the runs have two profiles");
  const others = new Map((await readScores(b)).map((line) => [line.id, line]));
  const common = (await readScores(a)).flatMap((line) => {
    const other = others.get(line.id);
    const isIgnored = line.score.ignored === true;
    return other === undefined || isIgnored ? [] : [{ line, value: other.score.value }];
  });
  return headlinesOf(benchmark, profile).flatMap(({ key, title, weighting, strata, only }) => {
    const pairs = common
      .filter(({ line }) => only === undefined || line.groups[only[0]] === only[1])
      .map(({ line, value }): Pair => {
        const stratum = strata === undefined ? "all" : (line.groups[strata] ?? "other");
        return { a: line.score.value, b: value, stratum, cluster: line.cluster };
      });
    return pairs.length === 0 ? [] : [{ key, title, ...compare(pairs, weighting, key) }];
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
