// Scores that the technical report (arXiv 2511.03929v2) publishes for the BF16 model, in percent.

import type { BenchmarkId } from "./types.ts";

export interface PublishedScores {
  /** Without and with reasoning. */
  readonly off: number;
  readonly on?: number;
  /** The score on the model card. */
  readonly card?: number;
}

/** OCRBench v2 has two scores, one per language; no other benchmark has more than one. */
export const PUBLISHED: Readonly<
  Record<Exclude<BenchmarkId, "ocrbench-v2" | "mvbench">, PublishedScores> &
    Record<"ocrbench-v2/en" | "ocrbench-v2/zh", PublishedScores>
> = {
  mmmu: { off: 55.3, on: 67.8, card: 68 },
  mathvista: { off: 69, on: 75.5, card: 76.9 },
  ai2d: { off: 87.2, on: 84.7, card: 87.11 },
  ocrbench: { off: 85.6, on: 83.5, card: 85.6 },
  "ocrbench-v2/en": { off: 62, on: 54.8, card: 62 },
  "ocrbench-v2/zh": { off: 44.2, on: 39.8 },
  "ocr-reasoning": { off: 21, on: 33.9, card: 36.4 },
  chartqa: { off: 89.8, on: 84.9, card: 89.72 },
  docvqa: { off: 94.4, card: 94.39 },
  infovqa: { off: 79.2 },
  textvqa: { off: 85.4, on: 76.1 },
  videomme: { off: 66, on: 63, card: 65.9 },
  longvideobench: { off: 63.6, on: 57 },
};

/** Scores without reasoning of quantised checkpoints; OCRBench as a sum of 1000. */
export const PUBLISHED_FORMATS = {
  ai2d: { bf16: 87.21, fp8: 87.56, "nvfp4-ptq": 86.37, "nvfp4-qad": 87.14 },
  chartqa: { bf16: 89.68, fp8: 89.44, "nvfp4-ptq": 88.84, "nvfp4-qad": 89.96 },
  ocrbench: { bf16: 854, fp8: 854, "nvfp4-ptq": 863, "nvfp4-qad": 851 },
  docvqa: { bf16: 94.22, fp8: 94.32, "nvfp4-ptq": 92.38, "nvfp4-qad": 93.95 },
  "ocrbench-v2/en": { bf16: 61.74, fp8: 61.83, "nvfp4-ptq": 60.88, "nvfp4-qad": 61.94 },
} as const;

/** Scores of the BF16 model by the share of video tokens that EVS drops. */
export const PUBLISHED_EVS = {
  longvideobench: { 0: 63.6, 0.5: 63.7, 0.6: 63.6, 0.7: 62.2, 0.75: 62.5, 0.8: 62.4, 0.9: 60.7 },
  videomme: { 0: 66, 0.5: 66, 0.6: 66, 0.7: 65.7, 0.75: 66.1, 0.8: 65.6, 0.9: 64 },
} as const;
