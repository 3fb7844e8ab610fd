import { assert } from "../../core/assert.ts";
import type { ChosenToken, FinishReason } from "../../core/chat.ts";
import type { VireoError } from "../../core/errors.ts";
import type { Prices } from "../../core/prices.ts";
import { toErrorBody } from "../shared/errors.ts";
import {
  type ChoiceEvent,
  type EndEvent,
  nativeFinish,
  toUsage,
  type UsageBody,
  UsageCounter,
} from "../shared/usage.ts";
import { type CompletionHead, type HeadBody, toHeadBody } from "./completion-head.ts";
import { MIN_LOGPROB } from "./stream.ts";

/** Fields that all objects of one answer share. */
export interface TextHead extends CompletionHead {
  /** Number of answers to each prompt. */
  readonly count: number;
  /** Number of answers to all prompts. */
  readonly total: number;
  readonly echoes: readonly string[];
  readonly prices: Prices;
}

/** Log probabilities in the format of text completions: parallel lists. */
interface TextLogprobs {
  readonly tokens: readonly string[];
  readonly token_logprobs: readonly number[];
  readonly top_logprobs: readonly Readonly<Record<string, number>>[];
  /** Start of each token in the text, in UTF-16 code units. */
  readonly text_offset: readonly number[];
}

export interface TextCompletion extends HeadBody<"text_completion"> {
  readonly choices: readonly {
    readonly index: number;
    readonly text: string;
    readonly logprobs: TextLogprobs | null;
    readonly finish_reason: FinishReason | "error" | null;
    readonly native_finish_reason?: string;
  }[];
  readonly usage?: UsageBody | null;
  readonly error?: ReturnType<typeof toErrorBody>["error"];
}

/** The chunks of a streamed answer. Throws what the events throw. */
export async function* toTextChunks(
  events: AsyncIterable<ChoiceEvent>,
  head: TextHead,
): AsyncGenerator<TextCompletion> {
  const total = new UsageCounter(head.count);
  const usage = head.includeUsage ? { usage: null } : {};
  const offsets = new Map<number, number>();
  for await (const event of events) {
    total.see(event);
    const choice = event.choice ?? 0;
    if (event.type === "start") {
      const echo = echoOf(head, choice);
      if (echo !== "") yield { ...body(head, [toChoice(choice, echo)]), ...usage };
    } else if (event.type === "text" || event.type === "reasoning") {
      const offset = offsets.get(choice) ?? 0;
      offsets.set(choice, offset + event.text.length);
      const logprobs = head.logprobs ? toTextLogprobs(event.tokens ?? [], offset) : null;
      yield { ...body(head, [{ ...toChoice(choice, event.text), logprobs }]), ...usage };
    } else if (event.type === "end") {
      yield { ...body(head, [{ ...toChoice(choice, ""), ...reasonsOf(event) }]), ...usage };
    }
  }
  if (head.includeUsage) yield { ...body(head, []), usage: toUsage(total.usage, head.prices) };
}

/** Collects the complete answer. Throws what the events throw. */
export async function toTextCompletion(
  events: AsyncIterable<ChoiceEvent>,
  head: TextHead,
): Promise<TextCompletion> {
  const total = new UsageCounter(head.count);
  const answers = Array.from({ length: head.total }, (_, choice) => ({
    text: echoOf(head, choice),
    tokens: [] as ChosenToken[],
    end: undefined as EndEvent | undefined,
  }));
  for await (const event of events) {
    total.see(event);
    const answer = answers[event.choice ?? 0];
    assert(answer !== undefined, "there is an answer for each request");
    if (event.type === "end") answer.end = event;
    if (event.type !== "text" && event.type !== "reasoning") continue;
    answer.text += event.text;
    for (const token of event.tokens ?? []) answer.tokens.push(token);
  }
  const choices = answers.map(({ text, tokens, end }, index) => {
    assert(end !== undefined, "an answer has an end");
    const logprobs = head.logprobs ? toTextLogprobs(tokens, 0) : null;
    return { ...toChoice(index, text), logprobs, ...reasonsOf(end) };
  });
  return { ...body(head, choices), usage: toUsage(total.usage, head.prices) };
}

/** The last chunk of a failed stream. */
export function toTextErrorChunk(
  head: TextHead,
  error: VireoError,
  requestId: string,
): TextCompletion {
  const choice = { ...toChoice(0, ""), finish_reason: "error" as const };
  return { ...body(head, [choice]), error: toErrorBody(error, requestId).error };
}

type Choice = TextCompletion["choices"][number];

function toChoice(index: number, text: string): Choice {
  return { index, text, logprobs: null, finish_reason: null };
}

function reasonsOf(end: EndEvent) {
  return { finish_reason: end.reason, native_finish_reason: nativeFinish(end) };
}

function echoOf(head: TextHead, choice: number): string {
  return head.echoes[Math.floor(choice / head.count)] ?? "";
}

function body(head: TextHead, choices: readonly Choice[]): TextCompletion {
  return { ...toHeadBody(head, "text_completion"), choices };
}

function toTextLogprobs(tokens: readonly ChosenToken[], offset: number): TextLogprobs {
  const clamped = (logprob: number): number => Math.max(logprob, MIN_LOGPROB);
  let at = offset;
  const offsets = tokens.map(({ text }) => {
    at += text.length;
    return at - text.length;
  });
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => clamped(logprob)),
    top_logprobs: tokens.map(({ top }) =>
      Object.fromEntries(top.map(({ text, logprob }) => [text, clamped(logprob)])),
    ),
    text_offset: offsets,
  };
}
