// One question to an upstream, with retries.

import { setTimeout as sleep } from "node:timers/promises";
import type { ChatRequest, Usage } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Upstream } from "../../core/upstream.ts";
import type { AnswerLine } from "./answer-log.ts";

export type Answer = Omit<AnswerLine, "key" | "id" | "promptHash">;

export interface AskOptions {
  /** Longest time for one attempt. */
  readonly timeoutMs: number;
  /** First pause between attempts; doubled each time. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
  /** Told of each attempt that failed because the other side is overloaded. */
  readonly onOverload: () => void;
}

const MAX_ATTEMPTS = 6;
const MAX_PAUSE_MS = 60_000;
const RETRIED = new Set([408, 409, 425, 429]);
/** Codes that another attempt may not get. */
const PASSING = new Set(["queue_full", "rate_limited", "engine_loading", "request_timeout"]);
const NO_TOKENS = { prompt: 0, completion: 0, cached: 0, visual: 0, reasoning: 0 };

/**
 * Asks until an answer came, or an error that repetition does not mend, at most six times. An error
 * becomes an answer with the other side's words; only an abort throws.
 */
export async function ask(
  upstream: Upstream,
  request: ChatRequest,
  options: AskOptions,
): Promise<Answer> {
  const began = performance.now();
  for (let attempts = 1; ; attempts += 1) {
    const limit = AbortSignal.timeout(options.timeoutMs);
    try {
      const answer = await readAnswer(upstream, request, AbortSignal.any([options.signal, limit]));
      return { ...answer, attempts, totalMs: Math.round(performance.now() - began) };
    } catch (error) {
      options.signal.throwIfAborted();
      const isOverload = overloaded(error);
      if (isOverload) options.onOverload();
      if (attempts >= MAX_ATTEMPTS || !(isOverload || limit.aborted || isPassing(error))) {
        const totalMs = Math.round(performance.now() - began);
        return { ...failed(error, limit.aborted), attempts, totalMs };
      }
      await sleep(pauseOf(error, attempts, options.pauseMs), undefined, options);
    }
  }
}

/** The part of an answer that one attempt gives. */
type Read = Omit<Answer, "attempts" | "totalMs">;

function failed(error: unknown, isTimeout: boolean): Read {
  const message = error instanceof Error ? error.message : String(error);
  const words = isTimeout ? "no answer within the time limit" : message;
  const rest = { tokens: NO_TOKENS, firstTokenMs: 0 };
  return { text: "", reasoning: "", finishReason: "error", error: words.slice(0, 2000), ...rest };
}

function overloaded(error: unknown): boolean {
  if (!(error instanceof VireoError)) return false;
  const { code, attempt } = error;
  if (code === "queue_full" || code === "rate_limited") return true;
  return attempt?.status === 429 || attempt?.status === 503;
}

/** Broken connections, time limits, cut and invalid answers, and states that pass. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof VireoError)) return false;
  const { code, attempt } = error;
  if (PASSING.has(code)) return true;
  if (attempt === undefined || attempt.callerFault) return false;
  const { fault, status } = attempt;
  return fault !== "status" || status === undefined || status >= 500 || RETRIED.has(status);
}

/** Exponential with jitter, or what the other side asks for. */
function pauseOf(error: unknown, attempt: number, firstMs: number): number {
  const asked = error instanceof VireoError ? (error.retryAfterMs ?? 0) : 0;
  const grown = firstMs * 2 ** (attempt - 1) * (0.5 + Math.random());
  return Math.min(MAX_PAUSE_MS, Math.max(asked, grown));
}

/** Reads an answer to its end. One that is longer than what is scored is cut and ended. */
async function readAnswer(
  upstream: Upstream,
  request: ChatRequest,
  signal: AbortSignal,
): Promise<Read> {
  const began = performance.now();
  const parts = { text: "", reasoning: "" };
  let firstTokenMs: number | undefined;
  for await (const event of upstream.chat(request, signal)) {
    if (event.type === "text" || event.type === "reasoning") {
      firstTokenMs ??= Math.round(performance.now() - began);
      const room = LIMITS.eval.answerCharacters - parts[event.type].length;
      parts[event.type] += event.text.slice(0, room);
      if (event.text.length > room) {
        return { ...parts, finishReason: "length", tokens: NO_TOKENS, firstTokenMs };
      }
    }
    if (event.type === "end") {
      const tokens = tokensOf(event.usage);
      return { ...parts, finishReason: event.reason, tokens, firstTokenMs: firstTokenMs ?? 0 };
    }
  }
  throw new Error("the answer ended without its end");
}

function tokensOf(usage: Usage): Answer["tokens"] {
  return {
    prompt: usage.promptTokens,
    completion: usage.completionTokens,
    cached: usage.cachedTokens,
    visual: usage.imageTokens + usage.videoTokens,
    reasoning: usage.reasoningTokens,
  };
}
