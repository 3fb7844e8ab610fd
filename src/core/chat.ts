import type { Cost } from "./prices.ts";
import type { RoutingPreferences } from "./routing-preferences.ts";

/**
 * A request for an answer and the events that answer it, independent of any protocol.
 * Each protocol translates its JSON to and from these types; the engine knows nothing else.
 */

export interface TextPart {
  readonly type: "text";
  readonly text: string;
}

/** An encoded picture file (PNG, JPEG, ...), not yet decoded. */
export interface ImagePart {
  readonly type: "image";
  /** The file; empty if `pixels` is given. */
  readonly bytes: Uint8Array;
  /** A decoded picture, such as a rendered page: [height, width, 3] in RGB. */
  readonly pixels?: { readonly rgb: Uint8Array; readonly width: number; readonly height: number };
  /** Maximum tiles of this picture, without the thumbnail. Undefined: the request's `maxTiles`. */
  readonly maxTiles?: number;
  readonly exifOrientation?: ExifOrientation;
}

/** Whether pictures are rotated by their EXIF orientation, or shown as they are stored. */
export type ExifOrientation = "apply" | "ignore";

/** Which frames of a video are sampled. The engine's own maxima still apply. */
export interface VideoSampling {
  /** Frames per second; −1: the engine's maximum. */
  readonly fps?: number;
  /** Maximum number of frames; −1: the engine's maximum. */
  readonly maxFrames?: number;
  /** Part of the video, in seconds from its first frame; both ends are included. */
  readonly startSeconds?: number;
  readonly endSeconds?: number;
  /**
   * A frame whose bytes differ from the last encoded one's by less than this on average, 0 to 255,
   * is not encoded again. Undefined or 0: only where every pixel is the same.
   */
  readonly repeatBelow?: number;
}

/** A video file (MP4, WebM, ...), not yet decoded, or pictures that are its frames. */
export interface VideoPart {
  readonly type: "video";
  /** The file; empty if `frames` is given. */
  readonly bytes: Uint8Array;
  /** Encoded picture files, without timestamps. */
  readonly frames?: readonly Uint8Array[];
  /** Overrides the request's `videoSampling`. */
  readonly sampling?: VideoSampling;
  /** For frames that are picture files. */
  readonly exifOrientation?: ExifOrientation;
}

/** Which pages of a document are rendered, and how large. */
export interface PageOptions {
  /** Numbers and ranges, counted from 1, as "1-3,7,12-"; each once. Undefined: all. */
  readonly pages?: string;
  /** Resolution of rendered pages in dots per inch, 18 to 600. Undefined: 150. */
  readonly dpi?: number;
  /** For a picture file. Undefined: "apply". */
  readonly exifOrientation?: ExifOrientation;
}

/** A PDF, a TIFF with several frames or another picture file; each page is an image. */
export interface DocumentPart extends PageOptions {
  readonly type: "document";
  readonly bytes: Uint8Array;
}

export type ContentPart = TextPart | ImagePart | VideoPart | DocumentPart;

export interface ToolCall {
  readonly name: string;
  /** JSON text, inserted into the prompt unchanged. */
  readonly arguments: string;
}

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string | readonly ContentPart[];
  readonly toolCalls?: readonly ToolCall[];
  /** Reasoning of an earlier answer, to be shown to the model again; templates leave it out. */
  readonly reasoning?: string;
}

export interface SamplingOptions {
  /** 0 means greedy. */
  readonly temperature: number;
  readonly topP: number;
  /** 0 or less: off. */
  readonly topK: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly frequencyPenalty: number;
  readonly presencePenalty: number;
  /** [token id, added to its logit] pairs. */
  readonly logitBias: readonly (readonly [number, number])[];
  /** Texts whose usual token sequences, with and without a leading space, are forbidden. */
  readonly badWords?: readonly string[];
  /** The same seed, request and kernel set give the same tokens. Undefined: a random seed. */
  readonly seed?: bigint;
}

/** Sampling options that always choose the likeliest token. */
export const GREEDY: SamplingOptions = Object.freeze({
  temperature: 0,
  topP: 1,
  topK: 0,
  minP: 0,
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  logitBias: [],
});

export interface ReasoningOptions {
  /**
   * Undefined: the template decides (`/think` and `/no_think` in the messages, else off). The model
   * was published without support for reasoning about videos; a request for it is still served.
   */
  readonly enabled?: boolean;
  /** Maximum tokens of the reasoning; then it is closed (chat.md § 4.1). */
  readonly budgetTokens?: number;
}

/**
 * The format of the answer. It constrains the text after the reasoning, never the reasoning, and
 * stop strings do not cut it. If the model may also call tools, an answer is either calls or in
 * this format.
 */
export type OutputFormat =
  | { readonly type: "json_object" }
  /** schema: JSON text of a JSON Schema. */
  | { readonly type: "json_schema"; readonly schema: string }
  | { readonly type: "regex"; readonly pattern: string }
  | { readonly type: "choice"; readonly choices: readonly string[] }
  /** ebnf: a grammar in GBNF. */
  | { readonly type: "grammar"; readonly ebnf: string };

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Arguments must match the schema. */
  readonly strict?: boolean;
}

/** auto: the model decides. required: at least one call. A name: a call of that tool. */
export type ToolChoice = "auto" | "none" | "required" | { readonly name: string };

export interface ChatRequest {
  /** Id of the model that answers. Undefined: the upstream's first. */
  readonly model?: string;
  readonly messages: readonly ChatMessage[];
  /** Text or token ids to continue without a template, in place of `messages`. */
  readonly prompt?: string | readonly number[];
  readonly tools?: readonly ToolDefinition[];
  /** Undefined: auto. */
  readonly toolChoice?: ToolChoice;
  /** False: at most one call per answer. Undefined: no limit. */
  readonly parallelToolCalls?: boolean;
  readonly output?: OutputFormat;
  /** Absent fields have the values of GREEDY. */
  readonly sampling?: Partial<SamplingOptions>;
  /** Includes reasoning. Undefined: the rest of the context. */
  readonly maxTokens?: number;
  readonly minTokens?: number;
  readonly ignoreEos?: boolean;
  /** Texts that end the answer. Undefined: none. */
  readonly stop?: readonly string[];
  /** Tokens that end the answer like an end token; ignoreEos does not affect them. */
  readonly stopTokenIds?: readonly number[];
  /** Alternatives per token (0: only the chosen token). Undefined: no log probabilities. */
  readonly topLogprobs?: number;
  readonly reasoning?: ReasoningOptions;
  /** Tiles per image without the thumbnail, 1..12. Undefined: the checkpoint's own limit. */
  readonly maxTiles?: number;
  /** For all pictures. Undefined: "apply". */
  readonly exifOrientation?: ExifOrientation;
  readonly videoSampling?: VideoSampling;
  /** Share of a video's rows that EVS drops, 0 to below 1. Undefined: the engine's default. */
  readonly videoPruningRate?: number;
  /** The last message is the assistant's and is to be continued, not answered. */
  readonly continueFinalMessage?: boolean;
  /**
   * The tenant that sends the request. Cached prefixes are shared only within a tenant, and tenants
   * are scheduled in turn. The server derives it from the API key; callers cannot choose it.
   */
  readonly tenant?: string;
  /** The caller's trace, as the header of W3C Trace Context. Undefined: none. */
  readonly traceparent?: string;
  /** Nothing of the request or its answer is kept after it: no state, picture or grammar. */
  readonly zeroDataRetention?: boolean;
  /** Preferences about the provider that answers. Undefined: none. */
  readonly routing?: RoutingPreferences;
  /**
   * The caller shows nothing before the answer is complete. A router then asks elsewhere for an
   * answer that breaks off, as if it had never begun.
   */
  readonly readsWhole?: boolean;
  /** Another answer to a prompt that was billed with the first answer. */
  readonly promptAlreadyBilled?: boolean;
  /** Called when the request leaves the queue and is being computed. */
  readonly onAdmitted?: () => void;
  /** Called before `start` is yielded, with the provider and the options without effect. */
  readonly onStart?: (start: StartEvent) => void;
  /** Called once with the computed tokens, however the request ends. */
  readonly onUsage?: (usage: Usage) => void;
}

export interface TokenLogprob {
  /** −1 if a provider does not report it. */
  readonly id: number;
  /** The token's text; contains U+FFFD if the token is a part of a character. */
  readonly text: string;
  readonly bytes: Uint8Array;
  /** Natural logarithm of the probability before penalties and temperature. */
  readonly logprob: number;
}

export interface ChosenToken extends TokenLogprob {
  readonly top: readonly TokenLogprob[];
}

/** content_filter: a provider stopped the answer for its content. */
export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";
export type NativeFinishReason =
  | "eos"
  | "stop_string"
  | "length"
  | "context"
  | "tool_call"
  | "grammar_end"
  | "content_filter";

export interface Usage {
  readonly promptTokens: number;
  /** Placeholder rows of the prompt's images (without the tags around them). */
  readonly imageTokens: number;
  /** Placeholder rows of the prompt's videos after pruning. */
  readonly videoTokens: number;
  /** Prompt tokens found in a cache. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
  /** True if the provider reported no counts, so that this process counted. */
  readonly estimated?: boolean;
  /** At the prices of the provider that answered. Undefined: at those of the model. */
  readonly cost?: Cost;
  /** The tenant's own key was used, so that the provider bills the tenant and `cost` is 0. */
  readonly isByok?: boolean;
  /** The provider's bill to the tenant, whose own key was used. */
  readonly providerCost?: Cost;
}

/** The provider that answers, if several could. */
export interface AnsweredBy {
  readonly provider: string;
  /** Id of the model; another than the requested one if that one failed. */
  readonly model: string;
  /** Attempts, this one included. */
  readonly attempts: number;
}

export interface Timings {
  readonly queueMs: number;
  /** Decoding, tiling and encoding of images and videos. */
  readonly mediaMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

export interface StartEvent {
  readonly type: "start";
  readonly promptTokens: number;
  readonly imageTokens: number;
  readonly videoTokens: number;
  /** 0: starts now; 1: next in the queue. Undefined: unknown. */
  readonly queuePosition?: number;
  /** Options that have no effect at the provider that answers, as fields of a chat request. */
  readonly ignored?: readonly string[];
  /** Undefined: the only provider of the model. */
  readonly answeredBy?: AnsweredBy;
}

/** An event of an answer: `start` first, `end` last, each once. */
export type ChatEvent =
  | StartEvent
  | {
      readonly type: "reasoning" | "text";
      readonly text: string;
      /** The tokens of this text, if log probabilities were requested. */
      readonly tokens?: readonly ChosenToken[];
    }
  /** One complete call. `index` counts the answer's calls from 0. */
  | ({ readonly type: "tool_call"; readonly index: number } & ToolCall)
  | {
      readonly type: "end";
      readonly reason: FinishReason;
      readonly nativeReason: NativeFinishReason;
      readonly usage: Usage;
      readonly timings: Timings;
      /** Providers that continued the answer after another one had failed, in order. */
      readonly continuedBy?: readonly string[];
    };
