// The facts that a user should know of each benchmark before running it: data, not code.

import type { BenchmarkId } from "./types.ts";

export interface BenchmarkInfo {
  readonly title: string;
  readonly split: string;
  /** Items that the benchmark states for this split. */
  readonly items: number;
  readonly answers: string;
  readonly metric: string;
  /** How a judge model takes part in the reference. Nothing here asks one unless told to. */
  readonly judge: string;
  readonly licence: string;
  /** Whether the model's training mix contains the train split of the benchmark, as published. */
  readonly trainSplitUsed: boolean;
}

/** When the licences were last compared with their sources. */
export const LICENCES_CHECKED = "2026-11-29";

export const BENCHMARKS: Readonly<Record<BenchmarkId, BenchmarkInfo>> = {
  mmmu: {
    title: "MMMU",
    split: "validation",
    items: 900,
    answers: "choice, 6 % open",
    metric: "accuracy",
    judge: "no",
    licence: "Apache-2.0",
    trainSplitUsed: false,
  },
  mathvista: {
    title: "MathVista",
    split: "testmini",
    items: 1000,
    answers: "choice, number, list",
    metric: "accuracy",
    judge: "reference: for extraction",
    licence: "CC-BY-SA-4.0",
    trainSplitUsed: false,
  },
  ai2d: {
    title: "AI2D",
    split: "test, masked",
    items: 3088,
    answers: "choice",
    metric: "accuracy",
    judge: "no",
    licence: "Allen AI's terms; non-commercial use of the pictures (unconfirmed)",
    trainSplitUsed: true,
  },
  ocrbench: {
    title: "OCRBench",
    split: "test",
    items: 1000,
    answers: "text",
    metric: "containment",
    judge: "no",
    licence: "collected from public sets; for research, not for commercial use",
    trainSplitUsed: false,
  },
  "ocrbench-v2": {
    title: "OCRBench v2",
    split: "test",
    items: 10_000,
    answers: "text, box, table, dict",
    metric: "12 metrics, mean of groups",
    judge: "no",
    licence: "collected from public sets; for research, not for commercial use",
    trainSplitUsed: false,
  },
  "ocr-reasoning": {
    title: "OCR-Reasoning",
    split: "test",
    items: 1069,
    answers: "text, number, choice",
    metric: "accuracy",
    judge: "reference: for extraction and reasoning",
    licence: "CC-BY-NC-SA-4.0",
    trainSplitUsed: false,
  },
  chartqa: {
    title: "ChartQA",
    split: "test",
    items: 2500,
    answers: "text, number",
    metric: "relaxed accuracy",
    judge: "no",
    licence: "GPL-3.0 for the annotations (unconfirmed for the pictures)",
    trainSplitUsed: true,
  },
  docvqa: {
    title: "DocVQA",
    split: "validation",
    items: 5349,
    answers: "text",
    metric: "ANLS",
    judge: "no",
    licence: "mirror tagged Apache-2.0; pictures under their sources' and the RRC site's terms",
    trainSplitUsed: true,
  },
  videomme: {
    title: "Video-MME",
    split: "test",
    items: 2700,
    answers: "choice",
    metric: "accuracy",
    judge: "no",
    licence: "academic research only; no redistribution of videos",
    trainSplitUsed: false,
  },
  infovqa: {
    title: "InfographicVQA",
    split: "validation",
    items: 2801,
    answers: "text",
    metric: "ANLS",
    judge: "no",
    licence: "mirror tagged Apache-2.0; pictures under their sources' and the RRC site's terms",
    trainSplitUsed: true,
  },
  textvqa: {
    title: "TextVQA",
    split: "validation",
    items: 5000,
    answers: "text",
    metric: "VQA accuracy",
    judge: "no",
    licence: "CC-BY-4.0",
    trainSplitUsed: false,
  },
  longvideobench: {
    title: "LongVideoBench",
    split: "validation",
    items: 1337,
    answers: "choice",
    metric: "accuracy",
    judge: "no",
    licence: "CC-BY-NC-SA-4.0",
    trainSplitUsed: false,
  },
  mvbench: {
    title: "MVBench",
    split: "20 tasks",
    items: 4000,
    answers: "choice",
    metric: "mean of tasks",
    judge: "no",
    licence: "MIT for the annotations; the videos have their own terms",
    trainSplitUsed: false,
  },
};
