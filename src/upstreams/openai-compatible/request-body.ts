import type { ChatRequest, SamplingOptions } from "../../core/chat.ts";
import { GREEDY } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import { missingFeatures } from "../../core/features.ts";
import type { Dialect } from "./dialect.ts";
import type { JsonObject } from "./json-values.ts";
import { type MessageContext, toWireMessages } from "./messages.ts";

/** A request on the wire. */
export interface WireRequest {
  /** Path under the provider's base URL. */
  readonly path: "/chat/completions" | "/completions";
  readonly body: JsonObject;
}

export interface BodyContext extends MessageContext {
  /** The model's name at the provider. */
  readonly model: string;
  /** Fields of the operator, under those of the request. */
  readonly extraBody: JsonObject;
}

/**
 * Converts a request to the body that the provider expects. Options that the provider lacks are
 * left out, so check features first. Throws what toWireMessages throws.
 */
export async function toWireRequest(
  request: ChatRequest,
  context: BodyContext,
): Promise<WireRequest> {
  const { dialect, model, extraBody } = context;
  const raw = request.prompt;
  const input =
    raw === undefined
      ? { messages: await toWireMessages(request, context) }
      : { prompt: typeof raw === "string" ? raw : Array.from(raw) };
  const body = {
    ...extraBody,
    model,
    ...input,
    stream: true,
    stream_options: { include_usage: true },
    ...limitFields(request, dialect),
    ...samplingFields({ ...GREEDY, ...request.sampling }, dialect),
    ...toolFields(request, dialect),
    ...(request.output === undefined ? {} : dialect.output(request.output)),
    ...(raw === undefined ? chatFields(request, dialect) : rawFields(request)),
  };
  return { path: raw === undefined ? "/chat/completions" : "/completions", body };
}

/** Fields that only a chat has. */
function chatFields(request: ChatRequest, dialect: Dialect): JsonObject {
  const { reasoning, topLogprobs, continueFinalMessage } = request;
  return {
    ...dialect.media(request),
    ...(reasoning === undefined ? {} : dialect.reasoning(reasoning)),
    ...(topLogprobs === undefined ? {} : { logprobs: true, top_logprobs: topLogprobs }),
    ...(dialect.pastReasoning !== undefined && dialect.rendersLikeVireo && hasReasoning(request)
      ? { keep_reasoning: true }
      : {}),
    ...(continueFinalMessage === true
      ? { continue_final_message: true, add_generation_prompt: false }
      : {}),
  };
}

/** Fields of a text completion, which counts alternatives in `logprobs`. */
function rawFields({ topLogprobs }: ChatRequest): JsonObject {
  return topLogprobs === undefined ? {} : { logprobs: topLogprobs };
}

function hasReasoning({ messages }: ChatRequest): boolean {
  return messages.some(({ reasoning }) => reasoning !== undefined);
}

function limitFields(request: ChatRequest, { features }: Dialect): JsonObject {
  const { maxTokens, minTokens = 0, ignoreEos = false, stop = [], stopTokenIds = [] } = request;
  return {
    ...defined({ max_tokens: maxTokens }),
    ...(minTokens > 0 && features.has("min_tokens") ? { min_tokens: minTokens } : {}),
    ...(ignoreEos && features.has("ignore_eos") ? { ignore_eos: true } : {}),
    ...(stop.length > 0 ? { stop } : {}),
    ...(stopTokenIds.length > 0 ? { stop_token_ids: stopTokenIds } : {}),
  };
}

/** Options without an effect are left out, since some servers refuse fields that they lack. */
function samplingFields(sampling: SamplingOptions, dialect: Dialect): JsonObject {
  const { temperature, topP, topK, minP, repetitionPenalty } = sampling;
  const { frequencyPenalty, presencePenalty, logitBias, badWords = [], seed } = sampling;
  const { samplingNames: names, features } = dialect;
  const { ignored } = missingFeatures({ messages: [], sampling }, features);
  const has = (param: string): boolean => !ignored.includes(param);
  return {
    temperature,
    ...(topP === 1 ? {} : { top_p: topP }),
    ...(topK > 0 && has("top_k") ? { [names.topK]: topK } : {}),
    ...(minP > 0 && has("min_p") ? { [names.minP]: minP } : {}),
    ...(repetitionPenalty !== 1 && has("repetition_penalty")
      ? { [names.repetitionPenalty]: repetitionPenalty }
      : {}),
    ...(frequencyPenalty === 0 || !has("frequency_penalty")
      ? {}
      : { frequency_penalty: frequencyPenalty }),
    ...(presencePenalty === 0 || !has("presence_penalty")
      ? {}
      : { presence_penalty: presencePenalty }),
    ...(logitBias.length > 0 && has("logit_bias")
      ? { logit_bias: Object.fromEntries(logitBias) }
      : {}),
    ...(badWords.length > 0 && has("bad_words") ? { [names.badWords]: badWords } : {}),
    ...(seed !== undefined && has("seed") ? { seed: wireSeed(seed) } : {}),
  };
}

/** The lower 31 bits of a seed: every server takes such a number, and JSON keeps it exactly. */
function wireSeed(seed: bigint): number {
  return Number(BigInt.asUintN(31, seed));
}

/** Tools that must not be called are left out, as they are from this server's own prompts. */
function toolFields(request: ChatRequest, dialect: Dialect): JsonObject {
  const { tools = [], toolChoice = "auto", parallelToolCalls } = request;
  if (tools.length === 0 || toolChoice === "none") return {};
  const definitions = tools.map(({ name, description, parameters, strict }) => {
    return { type: "function", function: { name, description, parameters, strict } };
  });
  return {
    tools: definitions,
    ...(toolChoice === "auto" ? {} : { tool_choice: dialect.toolChoice(toolChoice) }),
    ...(parallelToolCalls === undefined || !dialect.features.has("single_tool_call")
      ? {}
      : { parallel_tool_calls: parallelToolCalls }),
  };
}
