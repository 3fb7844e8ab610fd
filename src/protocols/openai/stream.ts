import { assert } from "../../core/assert.ts";
import type { ChosenToken, FinishReason, TokenLogprob, Usage } from "../../core/chat.ts";
import type { VireoError } from "../../core/errors.ts";
import { toErrorBody } from "../shared/errors.ts";
import { random62 } from "../shared/ids.ts";
import {
  createInlineReasoning,
  type ReasoningBody,
  type ReasoningFormat,
  toReasoning,
} from "../shared/reasoning-format.ts";
import {
  type ToolAliases,
  type ToolCallBody,
  type ToolCallDelta,
  toToolCall,
  toToolCallDeltas,
} from "../shared/tools.ts";
import {
  type ChoiceEvent,
  type EndEvent,
  nativeFinish,
  toUsage,
  type UsageBody,
  UsageCounter,
} from "../shared/usage.ts";
import { type CompletionHead, type HeadBody, toHeadBody } from "./completion-head.ts";

/** Fields that all chunks of one answer share. */
export interface AnswerHead extends CompletionHead {
  readonly reasoningFormat: ReasoningFormat;
  /** Every chunk reports the token counts so far. */
  readonly continuousUsage?: boolean;
  /** Tools that the model knows under another name or form. */
  readonly aliases?: ToolAliases;
}

interface TokenBody {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

interface LogprobsBody {
  readonly content: readonly (TokenBody & { readonly top_logprobs: readonly TokenBody[] })[];
  readonly refusal: null;
}

interface Delta extends ReasoningBody {
  readonly role?: "assistant";
  readonly content?: string;
  readonly tool_calls?: readonly ToolCallDelta[];
}

export interface ChatChunk extends HeadBody<"chat.completion.chunk"> {
  readonly choices: readonly {
    readonly index: number;
    readonly delta: Delta;
    readonly logprobs?: LogprobsBody | null;
    readonly finish_reason: FinishReason | "error" | null;
    readonly native_finish_reason?: string;
  }[];
  readonly usage?: UsageBody | null;
  readonly error?: ReturnType<typeof toErrorBody>["error"];
}

export interface ChatCompletion extends HeadBody<"chat.completion"> {
  readonly service_tier: "default";
  readonly choices: readonly {
    readonly index: number;
    readonly message: ReasoningBody & {
      readonly role: "assistant";
      /** Null only with tool calls. */
      readonly content: string | null;
      readonly refusal: null;
      /** Absent without calls, because some clients reject null. */
      readonly tool_calls?: readonly ToolCallBody[];
    };
    readonly logprobs: LogprobsBody | null;
    readonly finish_reason: FinishReason;
    readonly native_finish_reason: string;
  }[];
  readonly usage: UsageBody;
}

/** `gen-<unix seconds>-<20 letters and digits>` */
export function newAnswerId(createdUnix: number): string {
  return `gen-${createdUnix}-${random62(20)}`;
}

/** The chunks of one or several streamed answers. Throws what the events throw. */
export async function* toChunks(
  events: AsyncIterable<ChoiceEvent>,
  head: AnswerHead,
): AsyncGenerator<ChatChunk, void, undefined> {
  const total = new UsageCounter(head.count);
  const counter = head.continuousUsage ? new TokenCounter() : undefined;
  const writers = new Map<number, (event: ChoiceEvent) => Generator<ChatChunk>>();
  for await (const event of events) {
    const choice = event.choice ?? 0;
    total.see(event);
    counter?.count(event);
    let write = writers.get(choice);
    if (write === undefined) {
      write = choiceWriter(head, choice);
      writers.set(choice, write);
      yield withUsage(deltaChunk(head, choice, { role: "assistant", content: "" }), counter, head);
    }
    for (const chunk of write(event)) yield withUsage(chunk, counter, head);
  }
  if (head.includeUsage) yield { ...toChunk(head, []), usage: toUsage(total.usage, head.prices) };
}

/** Makes a function that converts the events of one choice to chunks. */
function choiceWriter(head: AnswerHead, index: number) {
  const inline = createInlineReasoning();
  const isInline = head.reasoningFormat === "inline";
  return function* (event: ChoiceEvent): Generator<ChatChunk> {
    const closeInline = function* (): Generator<ChatChunk> {
      const content = inline.end();
      if (content !== "") yield deltaChunk(head, index, { content });
    };
    switch (event.type) {
      case "start":
        break;
      case "reasoning": {
        if (head.reasoningFormat === "none") break;
        const { text } = event;
        const delta = isInline ? { content: inline.push(text) } : reasoningOf(head, text);
        yield deltaChunk(head, index, delta);
        break;
      }
      case "text":
        yield deltaChunk(head, index, { content: inline.end() + event.text }, event.tokens);
        break;
      case "tool_call":
        yield* closeInline();
        for (const delta of toToolCallDeltas(event, event.index, head.aliases)) {
          yield deltaChunk(head, index, { tool_calls: [delta] });
        }
        break;
      case "end":
        yield* closeInline();
        yield finishChunk(head, index, event);
    }
  };
}

/** Counts tokens during a stream, from events that list their tokens. */
class TokenCounter {
  private usage: Usage = {
    promptTokens: 0,
    imageTokens: 0,
    videoTokens: 0,
    cachedTokens: 0,
    completionTokens: 0,
    reasoningTokens: 0,
  };
  private readonly completed = new Map<number, number>();

  count(event: ChoiceEvent): void {
    const choice = event.choice ?? 0;
    const { promptTokens, imageTokens, videoTokens } = event.type === "start" ? event : this.usage;
    const before = this.completed.get(choice) ?? 0;
    const isPiece = event.type === "text" || event.type === "reasoning";
    const after =
      event.type === "end"
        ? event.usage.completionTokens
        : before + (isPiece ? (event.tokens?.length ?? 0) : 0);
    this.completed.set(choice, after);
    const reasoned = event.type === "reasoning" ? after - before : 0;
    this.usage = {
      promptTokens,
      imageTokens,
      videoTokens,
      cachedTokens: 0,
      completionTokens: this.usage.completionTokens + after - before,
      reasoningTokens: this.usage.reasoningTokens + reasoned,
    };
  }

  get usageSoFar(): Usage {
    return this.usage;
  }
}

function withUsage(chunk: ChatChunk, counter: TokenCounter | undefined, head: AnswerHead) {
  return counter === undefined
    ? chunk
    : { ...chunk, usage: toUsage(counter.usageSoFar, head.prices) };
}

function reasoningOf(head: AnswerHead, text: string): ReasoningBody {
  return toReasoning(text, head.reasoningFormat);
}

/** The last chunk of a failed stream. */
export function toErrorChunk(head: AnswerHead, error: VireoError, requestId: string): ChatChunk {
  return {
    ...toChunk(head, [{ index: 0, delta: {}, finish_reason: "error" }]),
    error: toErrorBody(error, requestId).error,
  };
}

function toChunk(head: AnswerHead, choices: ChatChunk["choices"]): ChatChunk {
  return {
    ...toHeadBody(head, "chat.completion.chunk"),
    choices,
    ...(head.includeUsage ? { usage: null } : {}),
  };
}

function deltaChunk(
  head: AnswerHead,
  index: number,
  delta: Delta,
  tokens?: readonly ChosenToken[],
): ChatChunk {
  const logprobs = head.logprobs ? { logprobs: tokens ? toLogprobs(tokens) : null } : {};
  return toChunk(head, [{ index, delta, ...logprobs, finish_reason: null }]);
}

function finishChunk(head: AnswerHead, index: number, end: EndEvent): ChatChunk {
  const reasons = { finish_reason: end.reason, native_finish_reason: nativeFinish(end) };
  return toChunk(head, [{ index, delta: {}, ...reasons }]);
}

/** Collects the complete answer. Throws what the events throw. */
export async function toCompletion(
  events: AsyncIterable<ChoiceEvent>,
  head: AnswerHead,
): Promise<ChatCompletion> {
  const total = new UsageCounter(head.count);
  const choices = Array.from({ length: head.count ?? 1 }, (): ChoiceEvent[] => []);
  for await (const event of events) {
    total.see(event);
    choices[event.choice ?? 0]?.push(event);
  }
  return {
    ...toHeadBody(head, "chat.completion"),
    service_tier: "default",
    choices: choices.map((choice, index) => toChoice(choice, index, head)),
    usage: toUsage(total.usage, head.prices),
  };
}

function toChoice(
  events: readonly ChoiceEvent[],
  index: number,
  head: AnswerHead,
): ChatCompletion["choices"][number] {
  const textOf = (type: "reasoning" | "text"): string =>
    events.map((event) => (event.type === type ? event.text : "")).join("");
  const calls = events.flatMap((event) =>
    event.type === "tool_call" ? [toToolCall(event, head.aliases)] : [],
  );
  const tokens = events.flatMap((event) => (event.type === "text" ? (event.tokens ?? []) : []));
  const end = events.at(-1);
  assert(end?.type === "end", "an answer has an end");
  const reasoning = textOf("reasoning");
  const inline = createInlineReasoning();
  const isInline = head.reasoningFormat === "inline" && reasoning !== "";
  const content = (isInline ? inline.push(reasoning) + inline.end() : "") + textOf("text");
  return {
    index,
    message: {
      role: "assistant",
      content: calls.length > 0 && content === "" ? null : content,
      refusal: null,
      ...(reasoning === "" ? {} : reasoningOf(head, reasoning)),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    },
    logprobs: head.logprobs ? toLogprobs(tokens) : null,
    finish_reason: end.reason,
    native_finish_reason: nativeFinish(end),
  };
}

function toLogprobs(tokens: readonly ChosenToken[]): LogprobsBody {
  return { content: toLogprobList(tokens), refusal: null };
}

export function toLogprobList(tokens: readonly ChosenToken[]): LogprobsBody["content"] {
  return tokens.map((token) => ({ ...toToken(token), top_logprobs: token.top.map(toToken) }));
}

/** Stands for -Infinity, which JSON does not have. */
export const MIN_LOGPROB = -9999;

function toToken({ text, bytes, logprob }: TokenLogprob): TokenBody {
  return { token: text, logprob: Math.max(logprob, MIN_LOGPROB), bytes: [...bytes] };
}
