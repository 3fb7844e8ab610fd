import { randomBytes } from "node:crypto";
import { assert } from "../core/assert.ts";
import type { ChatEvent, ChosenToken, FinishReason, TokenLogprob, Usage } from "../core/chat.ts";
import type { VireoError } from "../core/errors.ts";
import { toErrorBody } from "./errors.ts";

type EndEvent = Extract<ChatEvent, { type: "end" }>;

/** What is the same in every chunk of one answer. */
export interface AnswerHead {
  readonly id: string;
  readonly createdUnix: number;
  readonly model: string;
  readonly fingerprint: string;
  readonly includeUsage: boolean;
  readonly includeReasoning: boolean;
  readonly logprobs: boolean;
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

/** Reasoning in all three spellings that clients read. */
interface ReasoningBody {
  readonly reasoning_content: string;
  readonly reasoning: string;
  readonly reasoning_details: readonly {
    readonly type: "reasoning.text";
    readonly text: string;
    readonly format: "unknown";
    readonly index: 0;
  }[];
}

interface Delta extends Partial<ReasoningBody> {
  readonly role?: "assistant";
  readonly content?: string;
}

export interface UsageBody {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: Readonly<Record<string, number>>;
  readonly completion_tokens_details: Readonly<Record<string, number>>;
}

export interface ChatChunk {
  readonly id: string;
  readonly object: "chat.completion.chunk";
  readonly created: number;
  readonly model: string;
  readonly provider: "local";
  readonly system_fingerprint: string;
  readonly choices: readonly {
    readonly index: 0;
    readonly delta: Delta;
    readonly logprobs?: LogprobsBody | null;
    readonly finish_reason: FinishReason | "error" | null;
    readonly native_finish_reason?: string;
  }[];
  readonly usage?: UsageBody | null;
  readonly error?: ReturnType<typeof toErrorBody>["error"];
}

export interface ChatCompletion {
  readonly id: string;
  readonly object: "chat.completion";
  readonly created: number;
  readonly model: string;
  readonly provider: "local";
  readonly system_fingerprint: string;
  readonly service_tier: "default";
  readonly choices: readonly {
    readonly index: 0;
    readonly message: Partial<ReasoningBody> & {
      readonly role: "assistant";
      readonly content: string;
      readonly refusal: null;
    };
    readonly logprobs: LogprobsBody | null;
    readonly finish_reason: FinishReason;
    readonly native_finish_reason: string;
  }[];
  readonly usage: UsageBody;
}

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `gen-<unix seconds>-<20 letters and digits>` */
export function newAnswerId(createdUnix: number): string {
  const letters = [...randomBytes(20)].map((byte) => BASE62[byte % BASE62.length]);
  return `gen-${createdUnix}-${letters.join("")}`;
}

/** The chunks of a streamed answer. Throws what the events throw. */
export async function* toChunks(
  events: AsyncIterable<ChatEvent>,
  head: AnswerHead,
): AsyncGenerator<ChatChunk, void, undefined> {
  let begun = false;
  for await (const event of events) {
    if (!begun) {
      begun = true;
      yield deltaChunk(head, { role: "assistant", content: "" });
    }
    switch (event.type) {
      case "start":
        break;
      case "reasoning":
        if (head.includeReasoning) yield deltaChunk(head, toReasoning(event.text));
        break;
      case "text":
        yield deltaChunk(head, { content: event.text }, event.tokens);
        break;
      case "end":
        yield finishChunk(head, event);
        if (head.includeUsage) yield { ...chunk(head, []), usage: toUsage(event.usage) };
    }
  }
}

/** The last chunk of a stream that breaks; nothing may follow it. */
export function toErrorChunk(head: AnswerHead, error: VireoError, requestId: string): ChatChunk {
  return {
    ...chunk(head, [{ index: 0, delta: {}, finish_reason: "error" }]),
    error: toErrorBody(error, requestId).error,
  };
}

function chunk(head: AnswerHead, choices: ChatChunk["choices"]): ChatChunk {
  return {
    id: head.id,
    object: "chat.completion.chunk",
    created: head.createdUnix,
    model: head.model,
    provider: "local",
    system_fingerprint: head.fingerprint,
    choices,
    ...(head.includeUsage ? { usage: null } : {}),
  };
}

function deltaChunk(head: AnswerHead, delta: Delta, tokens?: readonly ChosenToken[]): ChatChunk {
  const logprobs = head.logprobs ? { logprobs: tokens ? toLogprobs(tokens) : null } : {};
  return chunk(head, [{ index: 0, delta, ...logprobs, finish_reason: null }]);
}

function finishChunk(head: AnswerHead, end: EndEvent): ChatChunk {
  const reasons = { finish_reason: end.reason, native_finish_reason: end.nativeReason };
  return chunk(head, [{ index: 0, delta: {}, ...reasons }]);
}

/** The whole answer at once. Throws what the events throw. */
export async function toCompletion(
  events: AsyncIterable<ChatEvent>,
  head: AnswerHead,
): Promise<ChatCompletion> {
  const reasoning: string[] = [];
  const content: string[] = [];
  const tokens: ChosenToken[] = [];
  let end: EndEvent | undefined;
  for await (const event of events) {
    if (event.type === "reasoning") reasoning.push(event.text);
    if (event.type === "text") {
      content.push(event.text);
      for (const token of event.tokens ?? []) tokens.push(token);
    }
    if (event.type === "end") end = event;
  }
  assert(end !== undefined, "an answer has an end");
  const thought = head.includeReasoning && reasoning.length > 0;
  return {
    id: head.id,
    object: "chat.completion",
    created: head.createdUnix,
    model: head.model,
    provider: "local",
    system_fingerprint: head.fingerprint,
    service_tier: "default",
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: content.join(""),
          refusal: null,
          ...(thought ? toReasoning(reasoning.join("")) : {}),
        },
        logprobs: head.logprobs ? toLogprobs(tokens) : null,
        finish_reason: end.reason,
        native_finish_reason: end.nativeReason,
      },
    ],
    usage: toUsage(end.usage),
  };
}

function toReasoning(text: string): ReasoningBody {
  return {
    reasoning_content: text,
    reasoning: text,
    reasoning_details: [{ type: "reasoning.text", text, format: "unknown", index: 0 }],
  };
}

function toLogprobs(tokens: readonly ChosenToken[]): LogprobsBody {
  const content = tokens.map((token) => ({
    ...toToken(token),
    top_logprobs: token.top.map(toToken),
  }));
  return { content, refusal: null };
}

/** JSON has no -Infinity; the protocol uses -9999 for it. */
const LOGPROB_LEAST = -9999;

function toToken({ text, bytes, logprob }: TokenLogprob): TokenBody {
  return { token: text, logprob: Math.max(logprob, LOGPROB_LEAST), bytes: [...bytes] };
}

function toUsage(usage: Usage): UsageBody {
  const { promptTokens, imageTokens, cachedTokens, completionTokens, reasoningTokens } = usage;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: {
      cached_tokens: cachedTokens,
      audio_tokens: 0,
      text_tokens: promptTokens - imageTokens,
      image_tokens: imageTokens,
      video_tokens: 0,
      file_tokens: 0,
    },
    completion_tokens_details: {
      reasoning_tokens: reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
