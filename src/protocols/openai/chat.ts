import type { ChatMessage, ChatRequest } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import { VireoError } from "../../core/errors.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { videoSampling } from "../shared/fields.ts";
import { toMediaOptions } from "../shared/media.ts";
import { parseOutput } from "../shared/output-format.ts";
import { resolveChatReasoning } from "../shared/reasoning.ts";
import type { ReasoningFormat } from "../shared/reasoning-format.ts";
import { checkStrict, pickModel, readRouting, routingOf } from "../shared/routing.ts";
import { toSampling, toStopConditions } from "../shared/sampling.ts";
import { check, describeValue } from "../shared/schema-errors.ts";
import { parseTools, type ToolAliases } from "../shared/tools.ts";
import { unenforcedFormats } from "../shared/unenforced-formats.ts";
import type { RequestWarning } from "../shared/warnings.ts";
import { type ChatBody, chatBody } from "./chat-schema.ts";
import { isRefusedField, refuseLongLists, refuseUnsupported } from "./chat-unsupported.ts";
import { toChatMessages } from "./messages.ts";

export interface ParsedChatRequest {
  readonly request: ChatRequest;
  /** The requested name, without its suffix, not yet looked up. */
  readonly model: string;
  /** Number of answers. */
  readonly count: number;
  readonly stream: boolean;
  /** The stream ends with a chunk of token counts. */
  readonly includeUsage: boolean;
  /** Every chunk reports the token counts so far. */
  readonly continuousUsage: boolean;
  readonly logprobs: boolean;
  /** Where reasoning appears in the answer, if there is any. */
  readonly reasoningFormat: ReasoningFormat;
  readonly aliases: ToolAliases;
  /** Fields without an effect, for `x-ignored-params`. */
  readonly ignoredParams: readonly string[];
  readonly warnings: readonly RequestWarning[];
}

/**
 * Checks the parsed body of POST /v1/chat/completions and converts it to a ChatRequest.
 *
 * models: the served models, for fallbacks and defaults.
 * Throws a VireoError that names the field and the remedy.
 */
export function parseChatRequest(
  json: unknown,
  models: readonly UpstreamModel[] = [],
): ParsedChatRequest {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    const message = `the request body must be a JSON object, but is ${describeValue(json)}`;
    throw new VireoError("invalid_type", message);
  }
  const raw = withModel(json as Readonly<Record<string, unknown>>);
  refuseLongLists(raw);
  refuseUnsupported(raw);
  const body = check<ChatBody>(chatBody, raw);
  checkTogether(body);
  const messages = toChatMessages(body.messages, body.keep_reasoning ?? false);
  const routing = readRouting(body);
  const picked = pickModel(body.model, routing, models);
  const reasoning = resolveChatReasoning(body, picked, messages, models);
  const output = parseOutput(body);
  const { requested: tools, offer } = parseTools(body);
  const usage = raw.usage as { readonly include?: unknown } | null | undefined;
  const continuousUsage = body.stream_options?.continuous_usage_stats === true;
  const ignoredParams = [
    ...(output ? ignoredWithOutput(body) : []),
    ...offer.ignored,
    ...routing.ignored,
    ...listIgnored(raw),
  ];
  checkStrict(routing, ignoredParams);
  return {
    request: {
      ...toRequest(body, messages, continuousUsage),
      ...routingOf(routing, models),
      ...tools,
      ...defined({ output }),
      sampling: toSampling(body, reasoning.thinks),
      reasoning: reasoning.options,
    },
    model: reasoning.model,
    count: body.n ?? 1,
    stream: body.stream ?? false,
    includeUsage: body.stream_options?.include_usage === true || usage?.include === true,
    continuousUsage,
    logprobs: body.logprobs === true,
    reasoningFormat: reasoning.format,
    aliases: offer.aliases,
    ignoredParams: [...ignoredParams, ...unenforcedFormats(output, offer.definitions)],
    warnings: reasoning.warnings,
  };
}

/** Clients of routers may send `models` without `model`. */
function withModel(raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { model, models } = raw;
  return (model ?? null) === null && Array.isArray(models) ? { ...raw, model: models[0] } : raw;
}

function refuse(param: string, why: string): VireoError {
  return new VireoError("out_of_range", `${param} ${why}`, { param });
}

function checkTogether(body: ChatBody): void {
  const { max_tokens, max_completion_tokens, min_tokens } = body;
  if (max_tokens && max_completion_tokens && max_tokens !== max_completion_tokens) {
    throw refuse("max_tokens", "contradicts max_completion_tokens; send the latter only");
  }
  const maxTokens = max_completion_tokens ?? max_tokens;
  if (min_tokens && maxTokens && min_tokens > maxTokens) {
    throw refuse("min_tokens", `is ${min_tokens}; send at most max_tokens, which is ${maxTokens}`);
  }
  if (body.top_logprobs && body.logprobs !== true) {
    throw refuse("top_logprobs", "needs logprobs: true");
  }
  if (body.stream_options && body.stream !== true) {
    throw refuse("stream_options", "needs stream: true");
  }
  if (body.continue_final_message && body.messages.at(-1)?.role !== "assistant") {
    throw refuse("continue_final_message", "needs a last message of role assistant");
  }
  // vLLM requires both flags, with opposite values; here one of them is enough.
  if (body.add_generation_prompt === (body.continue_final_message ?? false)) {
    throw refuse("add_generation_prompt", "must be the opposite of continue_final_message");
  }
}

function toRequest(
  body: ChatBody,
  messages: ChatMessage[],
  continuousUsage: boolean,
): Omit<ChatRequest, "sampling" | "reasoning"> {
  const maxTokens = body.max_completion_tokens ?? body.max_tokens ?? undefined;
  return {
    messages,
    ...toStopConditions(body),
    ...defined({ maxTokens }),
    // Continuous usage counts the tokens that come with log probabilities.
    ...(body.logprobs === true || continuousUsage ? { topLogprobs: body.top_logprobs ?? 0 } : {}),
    ...toMediaOptions(body),
    ...(body.continue_final_message === true ? { continueFinalMessage: true } : {}),
  };
}

/** Stop strings are ignored with an output format, which decides where the answer ends. */
function ignoredWithOutput(body: ChatBody): string[] {
  const { stop } = body;
  return typeof stop === "string" || (stop && stop.length > 0) ? ["stop"] : [];
}

const MAX_HEADER_NAMES = 32;

/** Lists unknown fields. The names go into a header, so only plain ones are listed. */
function listIgnored(raw: Readonly<Record<string, unknown>>): string[] {
  const unknown = (object: object, shape: object, prefix: string): string[] =>
    Object.keys(object)
      .filter((key) => !Object.hasOwn(shape, key))
      .map((key) => prefix + key);
  const nested = (
    ["stream_options", "chat_template_kwargs", "mm_processor_kwargs", "structured_outputs"] as const
  ).flatMap((name) =>
    unknown(raw[name] ?? {}, chatBody.shape[name].unwrap().unwrap().shape, `${name}.`),
  );
  const videoOptions = (raw.media_io_kwargs as { readonly video?: object } | null | undefined)
    ?.video;
  const video = unknown(videoOptions ?? {}, videoSampling, "media_io_kwargs.video.");
  return [...unknown(raw, chatBody.shape, ""), ...nested, ...video]
    .filter((name) => !isRefusedField(name) && name !== "usage" && /^[\w.-]{1,64}$/.test(name))
    .slice(0, MAX_HEADER_NAMES);
}
