import type { ChatEvent, Usage } from "../../core/chat.ts";
import { asCount, asRecord } from "./json-values.ts";

/** A part of an answer. */
export type PartEvent = Extract<ChatEvent, { readonly type: "text" | "reasoning" | "tool_call" }>;

/** Reads a `usage` object. Undefined if it lacks the counts of prompt or answer. */
export function readUsage(value: unknown): Usage | undefined {
  const usage = asRecord(value);
  const promptTokens = asCount(usage?.prompt_tokens);
  const completionTokens = asCount(usage?.completion_tokens);
  if (usage === undefined || promptTokens === undefined || completionTokens === undefined) {
    return undefined;
  }
  const prompt = asRecord(usage.prompt_tokens_details) ?? {};
  const completion = asRecord(usage.completion_tokens_details) ?? {};
  const cached = prompt.cached_tokens ?? usage.prompt_cache_hit_tokens ?? usage.cached_tokens;
  const reasoning = completion.reasoning_tokens ?? usage.reasoning_tokens;
  const estimated = usage.estimated === true ? { estimated: true } : {};
  return {
    promptTokens,
    completionTokens,
    imageTokens: Math.min(asCount(prompt.image_tokens) ?? 0, promptTokens),
    videoTokens: Math.min(asCount(prompt.video_tokens) ?? 0, promptTokens),
    cachedTokens: Math.min(asCount(cached) ?? 0, promptTokens),
    reasoningTokens: Math.min(asCount(reasoning) ?? 0, completionTokens),
    ...estimated,
  };
}
