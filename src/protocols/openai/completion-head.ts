import type { Prices } from "../../core/prices.ts";
import type { Answerer } from "../shared/provider.ts";

/** Fields that all objects of one answer share, in chat and in text completions. */
export interface CompletionHead {
  readonly id: string;
  readonly createdUnix: number;
  readonly answerer: Answerer;
  readonly fingerprint: string;
  readonly includeUsage: boolean;
  readonly logprobs: boolean;
  /** Number of answers to each prompt. Undefined: 1. */
  readonly count?: number;
  /** Undefined: no cost in the usage. */
  readonly prices?: Prices;
}

/** The first fields of every object; `object` names its type. */
export interface HeadBody<Name extends string> {
  readonly id: string;
  readonly object: Name;
  readonly created: number;
  readonly model: string;
  readonly provider: string;
  readonly system_fingerprint: string;
}

export function toHeadBody<Name extends string>(
  head: CompletionHead,
  object: Name,
): HeadBody<Name> {
  return {
    id: head.id,
    object,
    created: head.createdUnix,
    model: head.answerer.model,
    provider: head.answerer.provider,
    system_fingerprint: head.fingerprint,
  };
}
