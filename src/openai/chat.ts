import { type ChatMessage, type ChatRequest, GREEDY, type SamplingOptions } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { type ChatBody, chatBody } from "./chat-schema.ts";
import { isRefusedField, refuseLongLists, refuseUnsupported } from "./chat-unsupported.ts";
import { toChatMessages } from "./messages.ts";
import { parseOutput } from "./output-format.ts";
import { asksForReasoning, parseReasoning, splitModelName } from "./reasoning.ts";
import type { ReasoningFormat } from "./reasoning-format.ts";
import { check, show } from "./schema-errors.ts";
import { parseTools } from "./tools.ts";

export interface ParsedChatRequest {
  readonly request: ChatRequest;
  /** The name that was asked for, not yet looked up. */
  readonly model: string;
  readonly stream: boolean;
  /** The stream ends with a chunk of token counts. */
  readonly includeUsage: boolean;
  /** Where reasoning stands in the answer, if there is any. */
  readonly reasoningFormat: ReasoningFormat;
  /** Fields that had no effect, for `x-ignored-params`. */
  readonly ignoredParams: readonly string[];
}

/**
 * Checks the parsed body of POST /v1/chat/completions and translates it.
 *
 * Throws a VireoError that names the field and the way out.
 */
export function parseChatRequest(json: unknown): ParsedChatRequest {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    const message = `the request body must be a JSON object, but is ${show(json)}`;
    throw new VireoError("invalid_type", message);
  }
  const raw = json as Readonly<Record<string, unknown>>;
  refuseLongLists(raw);
  refuseUnsupported(raw);
  const body = check<ChatBody>(chatBody, raw);
  checkTogether(body);
  const messages = toChatMessages(body.messages, body.keep_reasoning ?? false);
  const { name, thinks: bySuffix } = splitModelName(body.model);
  const reasoning = parseReasoning(body, bySuffix);
  const output = parseOutput(body);
  const tools = parseTools(body);
  const usage = raw.usage as { readonly include?: unknown } | null | undefined;
  const thinks = asksForReasoning(messages, reasoning.options.enabled);
  return {
    request: {
      ...toRequest(body, messages),
      ...tools,
      ...(output === undefined ? {} : { output }),
      sampling: toSampling(body, thinks),
      reasoning: reasoning.options,
    },
    model: name,
    stream: body.stream ?? false,
    includeUsage: body.stream_options?.include_usage === true || usage?.include === true,
    reasoningFormat: reasoning.format,
    ignoredParams: [...(output ? withoutEffect(body) : []), ...listIgnored(raw)],
  };
}

function refuse(param: string, why: string): VireoError {
  return new VireoError("out_of_range", `${param} ${why}`, { param });
}

function checkTogether(body: ChatBody): void {
  const { max_tokens, max_completion_tokens, min_tokens } = body;
  if (max_tokens && max_completion_tokens && max_tokens !== max_completion_tokens) {
    throw refuse("max_tokens", "contradicts max_completion_tokens; send the latter only");
  }
  const most = max_completion_tokens ?? max_tokens;
  if (min_tokens && most && min_tokens > most) {
    throw refuse("min_tokens", `is ${min_tokens}, more than the ${most} tokens allowed at most`);
  }
  if (typeof body.top_logprobs === "number" && body.logprobs !== true) {
    throw refuse("top_logprobs", "needs logprobs: true");
  }
  if (body.stream_options && body.stream !== true) {
    throw refuse("stream_options", "needs stream: true");
  }
  if (body.n && body.n > 1) {
    const message = `n is ${body.n}; this server gives one answer. Send n requests instead`;
    throw new VireoError("unsupported_parameter", message, { param: "n" });
  }
  if (body.continue_final_message && body.messages.at(-1)?.role !== "assistant") {
    throw refuse("continue_final_message", "needs a last message of role assistant");
  }
  if ((body.add_generation_prompt ?? true) === (body.continue_final_message ?? false)) {
    // Both spellings say the same; vLLM wants both, so only a contradiction is refused.
    if (typeof body.add_generation_prompt === "boolean") {
      throw refuse("add_generation_prompt", "must be the opposite of continue_final_message");
    }
  }
}

function toRequest(
  body: ChatBody,
  messages: ChatMessage[],
): Omit<ChatRequest, "sampling" | "reasoning"> {
  const maxTokens = body.max_completion_tokens ?? body.max_tokens ?? undefined;
  const stop = body.stop ?? [];
  const stopTokenIds = body.stop_token_ids ?? [];
  const tilesMax = body.mm_processor_kwargs?.max_num_tiles ?? undefined;
  return {
    messages,
    stop: typeof stop === "string" ? [stop] : stop,
    ...(stopTokenIds.length === 0 ? {} : { stopTokenIds }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(typeof body.min_tokens === "number" ? { minTokens: body.min_tokens } : {}),
    ...(typeof body.ignore_eos === "boolean" ? { ignoreEos: body.ignore_eos } : {}),
    ...(body.logprobs === true ? { topLogprobs: body.top_logprobs ?? 0 } : {}),
    ...(tilesMax === undefined ? {} : { tilesMax }),
    ...(body.continue_final_message === true ? { continueFinalMessage: true } : {}),
  };
}

/** Published settings for what a request leaves out.            Source: MODEL.md § Sampling. */
const THINKING = { temperature: 0.6, topP: 0.95 } as const;

function toSampling(body: ChatBody, thinks: boolean): SamplingOptions {
  const { temperature, topP } = thinks ? THINKING : GREEDY;
  return {
    temperature: body.temperature ?? temperature,
    topP: body.top_p ?? topP,
    topK: body.top_k ?? GREEDY.topK,
    minP: body.min_p ?? GREEDY.minP,
    repetitionPenalty: body.repetition_penalty ?? GREEDY.repetitionPenalty,
    frequencyPenalty: body.frequency_penalty ?? GREEDY.frequencyPenalty,
    presencePenalty: body.presence_penalty ?? GREEDY.presencePenalty,
    logitBias: parseLogitBias(body.logit_bias ?? {}),
    ...(body.bad_words && body.bad_words.length > 0 ? { badWords: body.bad_words } : {}),
    ...(typeof body.seed === "number" ? { seed: BigInt(body.seed) } : {}),
  };
}

function parseLogitBias(map: object): [number, number][] {
  const entries = Object.entries(map);
  if (entries.length > LIMITS.logitBiasEntries) {
    throw refuse("logit_bias", `has more than ${LIMITS.logitBiasEntries} entries`);
  }
  return entries.map(([key, value]: [string, unknown]) => {
    if (!/^\d{1,7}$/.test(key) || Number(key) >= LIMITS.vocabularyTokens) {
      throw refuse("logit_bias", `has the key ${show(key)}, which is no token id`);
    }
    if (typeof value !== "number" || !(Math.abs(value) <= 100)) {
      throw refuse("logit_bias", `gives token ${key} ${show(value)}; send -100 to 100`);
    }
    return [Number(key), value];
  });
}

/** An answer of a given form ends where the form does, not before. */
function withoutEffect(body: ChatBody): string[] {
  const { stop } = body;
  return typeof stop === "string" || (stop && stop.length > 0) ? ["stop"] : [];
}

const HEADER_NAMES_MOST = 32;

/** Names go into a header, so only plain ones are listed. */
function listIgnored(raw: Readonly<Record<string, unknown>>): string[] {
  const known = (object: object, shape: object, prefix: string): string[] =>
    Object.keys(object)
      .filter((key) => !Object.hasOwn(shape, key))
      .map((key) => prefix + key);
  const nested = (
    ["stream_options", "chat_template_kwargs", "mm_processor_kwargs", "structured_outputs"] as const
  ).flatMap((name) =>
    known(raw[name] ?? {}, chatBody.shape[name].unwrap().unwrap().shape, `${name}.`),
  );
  return [...known(raw, chatBody.shape, ""), ...nested]
    .filter((name) => !isRefusedField(name) && name !== "usage" && /^[\w.-]{1,64}$/.test(name))
    .slice(0, HEADER_NAMES_MOST);
}
