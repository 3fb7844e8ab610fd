import type { ChatRequest, ContentPart, OutputFormat, SamplingOptions } from "./chat.ts";
import { VireoError } from "./errors.ts";

/** A feature of requests that an upstream may lack. */
interface FeatureRule {
  /** Without the feature the answer would change, so the request must be refused. */
  readonly essential: boolean;
  /** The chat request's field that uses the feature, for errors and reports. */
  readonly param: string;
  readonly isUsed: (request: ChatRequest) => boolean;
}

const essential = (param: string, isUsed: FeatureRule["isUsed"]): FeatureRule => {
  return { essential: true, param, isUsed };
};
const optional = (param: string, isUsed: FeatureRule["isUsed"]): FeatureRule => {
  return { essential: false, param, isUsed };
};

const FEATURES = {
  images: essential("messages", (request) => hasPart(request, "image")),
  videos: essential("messages", (request) => hasPart(request, "video")),
  documents: essential("messages", (request) => hasPart(request, "document")),
  raw_prompt: essential("prompt", ({ prompt }) => prompt !== undefined),
  prefill: essential("continue_final_message", (request) => request.continueFinalMessage === true),
  tools: essential(
    "tools",
    ({ tools = [], toolChoice }) => tools.length > 0 && toolChoice !== "none",
  ),
  tool_choice_required: essential("tool_choice", ({ toolChoice }) => toolChoice === "required"),
  tool_choice_named: essential("tool_choice", ({ toolChoice }) => typeof toolChoice === "object"),
  single_tool_call: optional("parallel_tool_calls", (request) => {
    return (request.tools ?? []).length > 0 && request.parallelToolCalls === false;
  }),
  json_object: essential("response_format", outputIs("json_object")),
  json_schema: essential("response_format", outputIs("json_schema")),
  regex: essential("structured_outputs.regex", outputIs("regex")),
  choice: essential("structured_outputs.choice", outputIs("choice")),
  grammar: essential("structured_outputs.grammar", outputIs("grammar")),
  logprobs: essential("logprobs", ({ topLogprobs }) => topLogprobs !== undefined),
  reasoning: optional("reasoning", ({ reasoning }) => reasoning?.enabled !== undefined),
  reasoning_budget: optional("reasoning.max_tokens", ({ reasoning }) => {
    return reasoning?.enabled !== false && (reasoning?.budgetTokens ?? 0) > 0;
  }),
  stop: essential("stop", ({ stop = [] }) => stop.length > 0),
  stop_token_ids: essential("stop_token_ids", ({ stopTokenIds = [] }) => stopTokenIds.length > 0),
  min_tokens: optional("min_tokens", ({ minTokens = 0 }) => minTokens > 0),
  ignore_eos: optional("ignore_eos", ({ ignoreEos = false }) => ignoreEos),
  top_k: optional(
    "top_k",
    sampled(({ topK = 0 }) => topK > 0),
  ),
  min_p: optional(
    "min_p",
    sampled(({ minP = 0 }) => minP > 0),
  ),
  repetition_penalty: optional(
    "repetition_penalty",
    sampled(({ repetitionPenalty = 1 }) => repetitionPenalty !== 1),
  ),
  frequency_penalty: optional(
    "frequency_penalty",
    sampled(({ frequencyPenalty = 0 }) => frequencyPenalty !== 0),
  ),
  presence_penalty: optional(
    "presence_penalty",
    sampled(({ presencePenalty = 0 }) => presencePenalty !== 0),
  ),
  logit_bias: optional(
    "logit_bias",
    sampled(({ logitBias = [] }) => logitBias.length > 0),
  ),
  bad_words: optional(
    "bad_words",
    sampled(({ badWords = [] }) => badWords.length > 0),
  ),
  seed: optional(
    "seed",
    sampled(({ seed }) => seed !== undefined),
  ),
  max_tiles: optional("max_num_tiles", (request) => {
    const parts = partsOf(request);
    return request.maxTiles !== undefined || parts.some((part) => partTiles(part) !== undefined);
  }),
  repeat_below: optional("media_io_kwargs.video.repeat_below", (request) => {
    const samplings = partsOf(request).map((part) => (part.type === "video" ? part.sampling : {}));
    return [request.videoSampling, ...samplings].some((one) => one?.repeatBelow !== undefined);
  }),
  past_reasoning: optional("keep_reasoning", ({ messages }) => {
    return messages.some(({ reasoning }) => reasoning !== undefined);
  }),
  video_pruning_rate: optional("mm_processor_kwargs.video_pruning_rate", (request) => {
    return request.videoPruningRate !== undefined && hasPart(request, "video");
  }),
} satisfies Record<string, FeatureRule>;

export type Feature = keyof typeof FEATURES;

/** All features. An upstream that lists no features has all of them. */
export const ALL_FEATURES: readonly Feature[] = Object.keys(FEATURES) as Feature[];

/** Features that a request uses and an upstream lacks. */
export interface MissingFeatures {
  /** The request must not be sent to that upstream. */
  readonly refused: readonly Feature[];
  /** Options that have no effect there, as fields of a chat request. */
  readonly ignored: readonly string[];
}

/** features: those that the upstream has. Undefined: all. */
export function missingFeatures(
  request: ChatRequest,
  features: ReadonlySet<Feature> | undefined,
): MissingFeatures {
  if (features === undefined) return { refused: [], ignored: [] };
  const missing = ALL_FEATURES.filter((name) => {
    return !features.has(name) && FEATURES[name].isUsed(request);
  });
  return {
    refused: missing.filter((name) => FEATURES[name].essential),
    ignored: missing
      .filter((name) => !FEATURES[name].essential)
      .map((name) => FEATURES[name].param),
  };
}

/**
 * Returns the options that will have no effect. Throws unsupported_parameter for the first missing
 * feature that would change the answer.
 */
export function requireFeatures(
  request: ChatRequest,
  features: ReadonlySet<Feature> | undefined,
  provider: string,
): readonly string[] {
  const { refused, ignored } = missingFeatures(request, features);
  const [first] = refused;
  if (first === undefined) return ignored;
  const { param } = FEATURES[first];
  const message = `${param} asks for ${first}, which ${provider} does not offer; leave it out`;
  throw new VireoError("unsupported_parameter", message, { param, metadata: { feature: first } });
}

function outputIs(type: OutputFormat["type"]): FeatureRule["isUsed"] {
  return ({ output }) => output?.type === type;
}

function sampled(isUsed: (sampling: Partial<SamplingOptions>) => boolean): FeatureRule["isUsed"] {
  return ({ sampling = {} }) => isUsed(sampling);
}

function partsOf({ messages }: ChatRequest): readonly ContentPart[] {
  return messages.flatMap(({ content }) => (typeof content === "string" ? [] : content));
}

function hasPart(request: ChatRequest, type: ContentPart["type"]): boolean {
  return partsOf(request).some((part) => part.type === type);
}

function partTiles(part: ContentPart): number | undefined {
  return part.type === "image" ? part.maxTiles : undefined;
}
