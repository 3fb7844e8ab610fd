import type { ChatRequest, OutputFormat, ReasoningOptions, ToolChoice } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import { VireoError } from "../../core/errors.ts";
import { ALL_FEATURES, type Feature } from "../../core/features.ts";
import type { JsonObject } from "./json-values.ts";

/** Sampling options that servers name differently. */
export type SamplingNames = Readonly<
  Record<"topK" | "minP" | "repetitionPenalty" | "badWords", string>
>;

/**
 * How one kind of server expects what the OpenAI API leaves open. Answers need no table: every
 * place where a server reports reasoning, tokens, reasons or errors is read from any server.
 */
export interface Dialect {
  /** Features of requests that the server has. */
  readonly features: ReadonlySet<Feature>;
  readonly samplingNames: SamplingNames;
  /** Fields that switch reasoning. */
  readonly reasoning: (options: ReasoningOptions) => JsonObject;
  /** Reasoning is switched by `/think` and `/no_think` in the system message. */
  readonly switchesInText: boolean;
  /** Fields that constrain the answer. Formats that are not in `features` never come here. */
  readonly output: (format: OutputFormat) => JsonObject;
  readonly toolChoice: (choice: ToolChoice) => unknown;
  /** file: sent whole. frames: sampled here and sent as labelled pictures. */
  readonly videos: "file" | "frames";
  /** A list of frames that a client sent can be sent as one video. */
  readonly frameLists: boolean;
  /**
   * Where the server takes the sampling of frames: with each video, once for all by rate and number
   * of frames, or nowhere. Frames that it cannot sample as requested are sampled here.
   */
  readonly videoSampling: "part" | "request" | "none";
  /** The part for a PDF. Undefined: its pages are rendered here and sent as pictures. */
  readonly pdfPart: ((base64: string) => JsonObject) | undefined;
  /** It reads pages, resolution and orientation like this server, and every kind of file. */
  readonly rendersLikeVireo: boolean;
  /** The field for the reasoning of an earlier answer. Undefined: it takes none. */
  readonly pastReasoning: string | undefined;
  /** Fields about media that hold for the whole request. */
  readonly media: (request: ChatRequest) => JsonObject;
}

/** Everything that the OpenAI API itself defines. */
const STANDARD: readonly Feature[] = [
  "images",
  "tools",
  "tool_choice_required",
  "tool_choice_named",
  "single_tool_call",
  "json_object",
  "json_schema",
  "logprobs",
  "stop",
  "frequency_penalty",
  "presence_penalty",
  "logit_bias",
  "seed",
];

/** Features of the OpenAI API, and those named. */
export function standardAnd(...more: readonly Feature[]): ReadonlySet<Feature> {
  return new Set([...STANDARD, ...more]);
}

/** All features but those named. */
export function allExcept(...missing: readonly Feature[]): ReadonlySet<Feature> {
  return new Set(ALL_FEATURES.filter((feature) => !missing.includes(feature)));
}

/** `response_format`, for formats of JSON. Throws invalid_schema. */
export function responseFormat(format: OutputFormat): JsonObject {
  if (format.type === "json_object") return { response_format: { type: "json_object" } };
  if (format.type !== "json_schema") return {};
  const json_schema = { name: "answer", strict: true, schema: parseSchema(format.schema) };
  return { response_format: { type: "json_schema", json_schema } };
}

/** Clients may send a schema as text. Throws invalid_schema for text that is no JSON. */
function parseSchema(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VireoError("invalid_schema", "the schema is no JSON; send a JSON Schema", { cause });
  }
}

/** The OpenAI API without additions: what any compatible server understands. */
export const OPENAI: Dialect = {
  features: standardAnd("videos", "documents"),
  samplingNames: {
    topK: "top_k",
    minP: "min_p",
    repetitionPenalty: "repetition_penalty",
    badWords: "bad_words",
  },
  reasoning: () => ({}),
  switchesInText: false,
  output: responseFormat,
  toolChoice: (choice) => {
    return typeof choice === "string"
      ? choice
      : { type: "function", function: { name: choice.name } };
  },
  videos: "frames",
  frameLists: false,
  videoSampling: "none",
  pdfPart: undefined,
  rendersLikeVireo: false,
  pastReasoning: undefined,
  media: () => ({}),
};

/** `chat_template_kwargs`, through which a template learns whether to reason. */
export function templateReasoning({ enabled, budgetTokens }: ReasoningOptions): JsonObject {
  const enable_thinking = budgetTokens === 0 ? false : enabled;
  return enable_thinking === undefined ? {} : { chat_template_kwargs: { enable_thinking } };
}

/** OpenRouter's `reasoning` object, which other gateways share. */
export function reasoningObject({ enabled, budgetTokens }: ReasoningOptions): JsonObject {
  if (budgetTokens === 0) return { reasoning: { enabled: false } };
  if (enabled === undefined && budgetTokens === undefined) return {};
  const limit = budgetTokens === undefined || enabled === false ? {} : { max_tokens: budgetTokens };
  return { reasoning: { ...defined({ enabled }), ...limit } };
}

/** vLLM's options for media, which its relatives share. */
export function vllmMedia({ maxTiles, videoPruningRate, videoSampling }: ChatRequest): JsonObject {
  const processing = defined({ max_num_tiles: maxTiles, video_pruning_rate: videoPruningRate });
  const { fps, maxFrames } = videoSampling ?? {};
  const video = defined({ fps, num_frames: maxFrames });
  return {
    ...(Object.keys(processing).length === 0 ? {} : { mm_processor_kwargs: processing }),
    ...(Object.keys(video).length === 0 ? {} : { media_io_kwargs: { video } }),
  };
}

/** A `file` part with a PDF as a data: URL. */
export function pdfFilePart(base64: string): JsonObject {
  const file_data = `data:application/pdf;base64,${base64}`;
  return { type: "file", file: { filename: "document.pdf", file_data } };
}
