// The score of one answer, and the means of a benchmark's scores.

import { LIMITS } from "../core/limits.ts";
import { scoreAi2d } from "./scorers/ai2d.ts";
import { scoreAnls } from "./scorers/anls.ts";
import { scoreChartqa } from "./scorers/chartqa.ts";
import { scoreMathvista } from "./scorers/mathvista.ts";
import { scoreMmmu } from "./scorers/mmmu.ts";
import { scoreOcrReasoning } from "./scorers/ocr-reasoning.ts";
import { scoreOcrbench } from "./scorers/ocrbench.ts";
import { scoreOcrbenchV2 } from "./scorers/ocrbench-v2/score.ts";
import { scoreLongVideoBench, scoreMvbench, scoreVideoMme } from "./scorers/video-choice.ts";
import { scoreVqaAccuracy } from "./scorers/vqa-accuracy.ts";
import type { Observation, Weighting } from "./statistics/bootstrap.ts";
import type { BenchmarkId, Item, Profile, Score, Scorer } from "./types.ts";

/** Changes whenever a scorer gives another score to the same answer. */
export const PARSER_VERSION = 1;

const SCORERS: Readonly<Record<BenchmarkId, Scorer>> = {
  mmmu: scoreMmmu,
  mathvista: scoreMathvista,
  ai2d: scoreAi2d,
  ocrbench: scoreOcrbench,
  "ocrbench-v2": scoreOcrbenchV2,
  "ocr-reasoning": scoreOcrReasoning,
  chartqa: scoreChartqa,
  docvqa: scoreAnls,
  videomme: scoreVideoMme,
  infovqa: scoreAnls,
  textvqa: scoreVqaAccuracy,
  longvideobench: scoreLongVideoBench,
  mvbench: scoreMvbench,
};

/** An answer as it came: with or without its reasoning, finished or not. */
export interface RawAnswer {
  readonly text: string;
  /** Why generation ended, as the API names it. */
  readonly finishReason: string;
  /** Whether the model was asked to reason. */
  readonly isReasoned: boolean;
  /** Reasoning that came apart from the text; empty if there was none. */
  readonly reasoning: string;
}

/**
 * Scores an answer. Reasoning in the text is removed up to the last `</think>`; one that was cut
 * off before it, or that never left its reasoning, is scored as an empty text and counts as
 * truncated.
 */
export function scoreAnswer(item: Item, answer: RawAnswer, profile: Profile): Score {
  const end = answer.text.lastIndexOf("</think>");
  const rest = end < 0 ? answer.text : answer.text.slice(end + "</think>".length);
  const isOpen = end < 0 && answer.isReasoned && answer.reasoning === "";
  const isThinking =
    isOpen && (answer.text.includes("<think>") || answer.finishReason === "length");
  const text = isThinking ? "" : rest.slice(0, LIMITS.eval.answerCharacters);
  const score = SCORERS[item.benchmark](item, text, profile);
  const isCut = isThinking || answer.finishReason === "length";
  return isCut && score.value === 0 ? { ...score, state: "truncated" } : score;
}

/** One number of a benchmark's result: which items count, and how. */
export interface Headline {
  /** Key of the published scores, as "ocrbench-v2/en". */
  readonly key: string;
  readonly title: string;
  readonly weighting: Weighting;
  /** The name of the group that makes strata; undefined: all items are one. */
  readonly strata?: string;
  /** Only items with this value of a group count. */
  readonly only?: readonly [group: string, value: string];
}

/**
 * The headlines of a benchmark: the mean over its items, but for MVBench the mean of its tasks and
 * for OCRBench v2 the mean of the groups of each language.
 */
export function headlinesOf(benchmark: BenchmarkId, profile: Profile): readonly Headline[] {
  if (benchmark === "ocrbench-v2") {
    const weighting = profile === "lmms-eval" ? "items" : "strata";
    return [
      { key: "ocrbench-v2/en", title: "English", language: "en" },
      { key: "ocrbench-v2/zh", title: "Chinese", language: "zh" },
    ].map(({ key, title, language }) => {
      return { key, title, weighting, strata: "group", only: ["language", language] };
    });
  }
  if (benchmark === "mvbench") {
    return [{ key: benchmark, title: "mean of tasks", weighting: "strata", strata: "task" }];
  }
  return [{ key: benchmark, title: "all items", weighting: "items" }];
}

/** A score with the place of its item. */
export interface Placed {
  readonly groups: Readonly<Record<string, string>>;
  readonly cluster: string;
  readonly score: Score;
}

/** The scores that count for a headline; those that the reference leaves out are left out. */
export function countedFor<T extends Placed>(scores: readonly T[], { only }: Headline): T[] {
  return scores
    .filter(({ score }) => score.ignored !== true)
    .filter(({ groups }) => only === undefined || groups[only[0]] === only[1]);
}

export function observationOf(
  { groups, cluster, score }: Placed,
  { strata }: Headline,
): Observation {
  const stratum = strata === undefined ? "all" : (groups[strata] ?? "other");
  return { value: score.value, stratum, cluster };
}
