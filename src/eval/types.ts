// The words that all of eval/ shares: an item of a benchmark, an answer to it, and its score.

import type { PythonValue } from "./python/value.ts";

export const BENCHMARK_IDS = [
  "mmmu",
  "mathvista",
  "ai2d",
  "ocrbench",
  "ocrbench-v2",
  "ocr-reasoning",
  "chartqa",
  "docvqa",
  "videomme",
  "infovqa",
  "textvqa",
  "longvideobench",
  "mvbench",
] as const;
export type BenchmarkId = (typeof BENCHMARK_IDS)[number];

/**
 * Selects the prompts and rules of one harness where they differ. "strict" asks like "vlmevalkit"
 * and accepts a letter only where it stands as an answer.
 */
export const PROFILES = ["vlmevalkit", "official", "lmms-eval", "strict"] as const;
export type Profile = (typeof PROFILES)[number];

/** A picture or video of an item. The bytes are those of the data set, unchanged. */
export type Media =
  | { readonly type: "image"; readonly read: () => Promise<Uint8Array> }
  | {
      readonly type: "video";
      /** Path of the file, or of a folder of frames. */
      readonly path: string;
      readonly startSeconds?: number;
      readonly endSeconds?: number;
    };

/** One question of a benchmark, whatever layout it was read from. */
export interface Item {
  readonly benchmark: BenchmarkId;
  readonly id: string;
  readonly question: string;
  /** Texts of the choices, in order of their letters; empty for an open question. */
  readonly options: readonly string[];
  /** Every accepted answer; a letter for a question with choices. Empty: no public answers. */
  readonly golds: readonly PythonValue[];
  /** Values by which scores are grouped, as { subject: "Accounting" }. */
  readonly groups: Readonly<Record<string, string>>;
  /** Items with the same cluster share a video or document, so they are resampled together. */
  readonly cluster: string;
  /** Other columns that prompts and scorers need, under their names in the data set. */
  readonly fields: Readonly<Record<string, PythonValue>>;
  readonly media: readonly Media[];
}

/**
 * right and wrong: the value is 1 or 0; partial: between them. The other states count as 0 and are
 * shown beside the score: no rule could read the answer, it was cut off, the model refused, or no
 * answer came.
 */
export const STATES = [
  "right",
  "partial",
  "wrong",
  "unparsed",
  "truncated",
  "refused",
  "error",
] as const;
export type State = (typeof STATES)[number];

export interface Score {
  /** 0 to 1. */
  readonly value: number;
  readonly state: State;
  /** The value that the rule read out of the answer; null if it read nothing. */
  readonly parsed: string | null;
  /** Short name of the rule that decided, for the report. */
  readonly rule: string;
  /** The reference uses data that this package does not carry, such as WordNet. */
  readonly approximate?: boolean;
  /** Left out of every mean, as the reference leaves it out. */
  readonly ignored?: boolean;
  /** Other scores of the same answer that are shown beside the headline. */
  readonly others?: Readonly<Record<string, number>>;
}

/** Scores the text of an answer, without its reasoning. Never throws for any text. */
export type Scorer = (item: Item, answer: string, profile: Profile) => Score;
