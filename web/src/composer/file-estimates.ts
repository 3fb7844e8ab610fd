import type { Estimate } from "../api/types.ts";
import type { MediaFile } from "../conversation/model.ts";

/** Returns the tokens of each file. Estimates list videos and documents separately, in order. */
export function fileEstimates(
  before: readonly MediaFile[],
  draft: readonly MediaFile[],
  estimate: Estimate | undefined,
): readonly (number | undefined)[] {
  const seen = { video: 0, document: 0 };
  const tokens = [...before, ...draft].map(({ kind }) => {
    const at = seen[kind];
    seen[kind] += 1;
    const list = kind === "video" ? estimate?.videos : estimate?.documents;
    return list?.[at]?.tokens;
  });
  return tokens.slice(before.length);
}

/** Two estimates of one conversation: with its files and without them. */
export interface FileCosts {
  readonly whole: Estimate;
  readonly bare: Estimate;
}

/** Adds the cost of files to an estimate without them. answerTokens: the answer's minimum. */
export function withFiles(
  now: Estimate,
  { whole, bare }: FileCosts,
  answerTokens: number,
): Estimate {
  const added = (read: (estimate: Estimate) => number | undefined): number => {
    return (read(now) ?? 0) + (read(whole) ?? 0) - (read(bare) ?? 0);
  };
  const tokens = added((estimate) => estimate.prompt_tokens);
  const details = (name: keyof Estimate["prompt_tokens_details"]): number => {
    return added(({ prompt_tokens_details: found }) => found[name]);
  };
  const { limit } = now.context;
  const each = Number(now.pricing?.prompt ?? "0");
  return {
    ...now,
    prompt_tokens: tokens,
    prompt_tokens_details: {
      text_tokens: details("text_tokens"),
      image_tokens: details("image_tokens"),
      video_tokens: details("video_tokens"),
      tool_tokens: details("tool_tokens"),
    },
    ...(whole.videos === undefined ? {} : { videos: whole.videos }),
    ...(whole.documents === undefined ? {} : { documents: whole.documents }),
    context: {
      limit,
      remaining: Math.max(0, limit - tokens),
      fits: tokens + answerTokens <= limit,
    },
    ...(now.predicted && whole.predicted && bare.predicted
      ? { predicted: { first_token_ms: added(({ predicted }) => predicted?.first_token_ms) } }
      : {}),
    ...(now.cost === undefined ? {} : { cost: { prompt: String(tokens * each) } }),
  };
}
