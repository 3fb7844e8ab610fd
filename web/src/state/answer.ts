import type { Delta } from "../api/deltas.ts";
import type { Failure } from "../api/failure.ts";
import type { ToolCall } from "../api/types.ts";
import type { Answer } from "../conversation/model.ts";

/** How an answer ended. */
export type Outcome =
  | { readonly status: "done" }
  | { readonly status: "stopped" }
  | { readonly status: "failed"; readonly failure: Failure };

/** Returns the answer with new deltas applied. */
export function growAnswer(answer: Answer, deltas: readonly Delta[], now: number): Answer {
  let grown = answer;
  for (const delta of deltas) grown = grow(grown, delta, now);
  return grown;
}

function grow(answer: Answer, delta: Delta, now: number): Answer {
  const first = answer.times.firstAt === undefined ? { firstAt: now } : {};
  const spoke = answer.times.spokeAt === undefined ? { spokeAt: now } : {};
  switch (delta.type) {
    case "reasoning":
      return {
        ...answer,
        reasoning: answer.reasoning + delta.text,
        times: { ...answer.times, ...first },
      };
    case "text":
      return {
        ...answer,
        text: answer.text + delta.text,
        tokens: delta.tokens.length === 0 ? answer.tokens : [...answer.tokens, ...delta.tokens],
        times: { ...answer.times, ...first, ...spoke },
      };
    case "tool_call":
      return {
        ...answer,
        toolCalls: growCalls(answer.toolCalls, delta),
        times: { ...answer.times, ...first, ...spoke },
      };
    case "finish":
      return { ...answer, finishReason: delta.reason };
    case "usage":
      return { ...answer, usage: delta.usage };
  }
}

/** More calls than any valid answer has: a higher index is from a broken stream. */
const MAX_CALLS = 128;

function growCalls(
  calls: readonly ToolCall[],
  delta: Extract<Delta, { type: "tool_call" }>,
): readonly ToolCall[] {
  const at = Math.min(delta.index, calls.length);
  if (at < 0 || at >= MAX_CALLS) return calls;
  const before = calls[at] ?? { id: "", name: "", arguments: "" };
  return calls.toSpliced(at, 1, {
    id: before.id === "" ? (delta.id ?? "") : before.id,
    name: before.name === "" ? (delta.name ?? "") : before.name,
    arguments: before.arguments + delta.arguments,
  });
}

export function endAnswer(answer: Answer, outcome: Outcome, now: number): Answer {
  return { ...answer, ...outcome, times: { ...answer.times, endedAt: now } };
}

export interface AnswerFigures {
  /** From the request to the first delta, including reasoning. */
  readonly firstMs?: number;
  /** From the first delta to the first delta of the answer's text. */
  readonly reasoningMs?: number;
  readonly tokensPerSecond?: number;
}

/** Computes the speed of an answer. A rate needs two deltas, so fields can be absent. */
export function figuresOf({ times, usage, reasoning }: Answer): AnswerFigures {
  const { askedAt, firstAt, spokeAt, endedAt } = times;
  if (firstAt === undefined) return {};
  const tokens = usage?.completion_tokens ?? 0;
  const writingMs = (endedAt ?? firstAt) - firstAt;
  const until = spokeAt ?? endedAt;
  return {
    firstMs: firstAt - askedAt,
    ...(reasoning === "" || until === undefined ? {} : { reasoningMs: until - firstAt }),
    ...(tokens > 1 && writingMs > 0 ? { tokensPerSecond: ((tokens - 1) / writingMs) * 1000 } : {}),
  };
}
