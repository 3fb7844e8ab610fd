import { assert } from "../core/assert.ts";
import type { ChatEvent, ChosenToken, FinishReason, TokenLogprob, Usage } from "../core/chat.ts";
import type { VireoError } from "../core/errors.ts";
import { toErrorBody } from "./errors.ts";
import { random62 } from "./ids.ts";
import {
  createInlineReasoning,
  type ReasoningBody,
  type ReasoningFormat,
  toReasoning,
} from "./reasoning-format.ts";
import { type ToolCallBody, type ToolCallDelta, toToolCall, toToolCallDeltas } from "./tools.ts";

type EndEvent = Extract<ChatEvent, { type: "end" }>;

/** What is the same in every chunk of one answer. */
export interface AnswerHead {
  readonly id: string;
  readonly createdUnix: number;
  readonly model: string;
  readonly fingerprint: string;
  readonly includeUsage: boolean;
  readonly reasoningFormat: ReasoningFormat;
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

interface Delta extends ReasoningBody {
  readonly role?: "assistant";
  readonly content?: string;
  readonly tool_calls?: readonly ToolCallDelta[];
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
    readonly message: ReasoningBody & {
      readonly role: "assistant";
      /** Null only beside tool calls. */
      readonly content: string | null;
      readonly refusal: null;
      /** Absent if there are none: some clients take null for a mistake. */
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

/** The chunks of a streamed answer. Throws what the events throw. */
export async function* toChunks(
  events: AsyncIterable<ChatEvent>,
  head: AnswerHead,
): AsyncGenerator<ChatChunk, void, undefined> {
  let begun = false;
  const inline = createInlineReasoning();
  for await (const event of events) {
    if (!begun) {
      begun = true;
      yield deltaChunk(head, { role: "assistant", content: "" });
    }
    switch (event.type) {
      case "start":
        break;
      case "reasoning": {
        if (head.reasoningFormat === "none") break;
        const { text } = event;
        const isInline = head.reasoningFormat === "inline";
        const delta = isInline ? { content: inline.push(text) } : reasoningOf(head, text);
        yield deltaChunk(head, delta);
        break;
      }
      case "text":
        yield deltaChunk(head, { content: inline.end() + event.text }, event.tokens);
        break;
      case "tool_call":
        yield* closeInline(head, inline.end());
        for (const delta of toToolCallDeltas(event, event.index)) {
          yield deltaChunk(head, { tool_calls: [delta] });
        }
        break;
      case "end":
        yield* closeInline(head, inline.end());
        yield finishChunk(head, event);
        if (head.includeUsage) yield { ...chunk(head, []), usage: toUsage(event.usage) };
    }
  }
}

function* closeInline(head: AnswerHead, content: string): Generator<ChatChunk> {
  if (content !== "") yield deltaChunk(head, { content });
}

function reasoningOf(head: AnswerHead, text: string): ReasoningBody {
  return toReasoning(text, head.reasoningFormat);
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
  const calls: ToolCallBody[] = [];
  let end: EndEvent | undefined;
  for await (const event of events) {
    if (event.type === "reasoning") reasoning.push(event.text);
    if (event.type === "text") {
      content.push(event.text);
      for (const token of event.tokens ?? []) tokens.push(token);
    }
    if (event.type === "tool_call") calls.push(toToolCall(event));
    if (event.type === "end") end = event;
  }
  assert(end !== undefined, "an answer has an end");
  const thought = reasoning.join("");
  const inline = createInlineReasoning();
  const shown = head.reasoningFormat === "inline" && thought !== "";
  const said = (shown ? inline.push(thought) + inline.end() : "") + content.join("");
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
          content: calls.length > 0 && said === "" ? null : said,
          refusal: null,
          ...(thought === "" ? {} : reasoningOf(head, thought)),
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
        logprobs: head.logprobs ? toLogprobs(tokens) : null,
        finish_reason: end.reason,
        native_finish_reason: end.nativeReason,
      },
    ],
    usage: toUsage(end.usage),
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
