import type { ChatEvent, ChatRequest } from "./chat.ts";
import type { EstimateOptions, PromptEstimate } from "./estimate.ts";
import type { Inspector } from "./inspection.ts";

/** How busy an upstream is, and what it has done since it was opened. */
export interface UpstreamLoad {
  readonly running: number;
  readonly waiting: number;
  /** Share of the KV cache that is in use, 0 to 1. */
  readonly kvCacheUsage: number;
  readonly preemptions: number;
  /** Prompt tokens that came in, and those of them that were found in the prefix cache. */
  readonly prefixTokensAsked: number;
  readonly prefixTokensFound: number;
}

/** Anything that can answer: this process's engine today, a remote one later. */
export interface Upstream {
  readonly models: readonly UpstreamModel[];
  readonly ready: boolean;
  readonly load: UpstreamLoad;
  /**
   * Throws a VireoError for a request that is refused (before the first event) or that fails.
   * Aborting the signal frees the request's place at the next step; the iteration then ends by
   * throwing the signal's reason.
   */
  chat(request: ChatRequest, signal?: AbortSignal): AsyncIterable<ChatEvent>;
  /** Counts without answering: the same numbers that `chat` would report. */
  estimate(request: ChatRequest, options?: EstimateOptions): Promise<PromptEstimate>;
  /** Absent where only answers come from there, as from an engine elsewhere. */
  readonly inspector?: Inspector | undefined;
  /** Ids of a text in which control tokens are only text. */
  tokenize(text: string): readonly number[];
  detokenize(ids: readonly number[]): string;
}

export interface UpstreamModel {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly createdUnix: number;
  readonly ownedBy: string;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** A short hash that changes whenever the answers may change: weights, format, kernels. */
  readonly fingerprint: string;
  /** Share of a video's tokens that EVS drops where a request does not say, 0 to below 1. */
  readonly videoPruningRate?: number;
  /** Its sizes are those of the published 12B model, whose card and licence apply. */
  readonly published?: boolean;
  /** Whether it reasons where neither a request nor its messages say. Undefined: no. */
  readonly reasoning?: boolean;
}
