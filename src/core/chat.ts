/**
 * The words in which a conversation is asked for and answered inside the program.
 * Protocols (`openai/`) translate to and from these; the engine (`runtime/`) speaks only these.
 */

export interface TextPart {
  readonly type: "text";
  readonly text: string;
}

/** An encoded picture file (PNG, JPEG, ...), not yet decoded. */
export interface ImagePart {
  readonly type: "image";
  /** The file; empty where there are pixels. */
  readonly bytes: Uint8Array;
  /** A picture that is decoded already, as a page that was drawn: [height, width, 3] in RGB. */
  readonly pixels?: { readonly rgb: Uint8Array; readonly width: number; readonly height: number };
  /** Tiles of this one without the thumbnail. Undefined: as the request says. */
  readonly maxTiles?: number;
  readonly exifOrientation?: ExifOrientation;
}

/** Whether pictures are turned upright as their camera noted, or shown as they are stored. */
export type ExifOrientation = "apply" | "ignore";

/** Which frames of a video are looked at. What the engine allows at most stays the ceiling. */
export interface VideoSampling {
  /** Frames a second; −1: as many as the engine allows. */
  readonly fps?: number;
  /** Frames; −1: as many as the engine allows. */
  readonly maxFrames?: number;
  /** A stretch of the video, from its first frame on; both ends belong to it. */
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
  /** The file; empty where there are frames. */
  readonly bytes: Uint8Array;
  /** Encoded picture files; nobody knows when they were taken. */
  readonly frames?: readonly Uint8Array[];
  /** Goes before what the request says for all of its videos. */
  readonly sampling?: VideoSampling;
  /** Of frames that are picture files. */
  readonly exifOrientation?: ExifOrientation;
}

/** Which pages of a document are looked at, and how large. */
export interface PageOptions {
  /** Numbers and ranges, counted from 1, as "1-3,7,12-"; each once. Undefined: all. */
  readonly pages?: string;
  /** Dots per inch in which pages are drawn, 18 to 600. Undefined: 150. */
  readonly dpi?: number;
  /** Of a picture file. Undefined: "apply". */
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
  /** JSON text, inserted into the prompt as it is. */
  readonly arguments: string;
}

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string | readonly ContentPart[];
  readonly toolCalls?: readonly ToolCall[];
  /** Of an earlier answer; to be shown to the model again, which templates do not do themselves. */
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
  /** Texts whose usual spellings in tokens, with and without a blank before, may not come. */
  readonly badWords?: readonly string[];
  /** Same seed, same request, same CPU kernel set: same tokens. Undefined: drawn at random. */
  readonly seed?: bigint;
}

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
   * was published without support for reasoning about videos; it is done all the same if asked for.
   */
  readonly enabled?: boolean;
  /** Tokens after which the reasoning is brought to an end (chat.md § 4.1). */
  readonly budgetTokens?: number;
}

/**
 * What the answer must look like. It binds the text after the reasoning, never the reasoning; stop
 * strings do not cut it. With tools that the model may call as it likes, an answer
 * is either calls or of this form.
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
  /** Arguments must hold to the schema. */
  readonly strict?: boolean;
}

/** auto: the model decides. required: at least one call. A name: a call of that tool. */
export type ToolChoice = "auto" | "none" | "required" | { readonly name: string };

export interface ChatRequest {
  /** Id of the model that answers. Undefined: the upstream's first. */
  readonly model?: string;
  readonly messages: readonly ChatMessage[];
  /** Instead of messages: text or ids that are continued as they are, without a template. */
  readonly prompt?: string | readonly number[];
  readonly tools?: readonly ToolDefinition[];
  /** Undefined: auto. */
  readonly toolChoice?: ToolChoice;
  /** False: at most one call in an answer. Undefined: as many as the model likes. */
  readonly parallelToolCalls?: boolean;
  readonly output?: OutputFormat;
  /** What is left out stays as in GREEDY. */
  readonly sampling?: Partial<SamplingOptions>;
  /** Undefined: as many as the context leaves. Counts reasoning too. */
  readonly maxTokens?: number;
  readonly minTokens?: number;
  readonly ignoreEos?: boolean;
  /** Texts that end the answer. Undefined: none. */
  readonly stop?: readonly string[];
  /** Tokens that end the answer like an end token; ignoreEos does not touch them. */
  readonly stopTokenIds?: readonly number[];
  /** Number of alternatives per token (0: only the chosen token's). Undefined: none at all. */
  readonly topLogprobs?: number;
  readonly reasoning?: ReasoningOptions;
  /** Tiles per image without the thumbnail, 1..12. Undefined: the checkpoint's own limit. */
  readonly maxTiles?: number;
  /** Of all pictures. Undefined: "apply", they are turned upright. */
  readonly exifOrientation?: ExifOrientation;
  readonly videoSampling?: VideoSampling;
  /** Share of a video's rows that is left out, 0 to below 1. Undefined: the engine's own. */
  readonly videoPruningRate?: number;
  /** The last message is the assistant's and is to be continued, not answered. */
  readonly continueFinalMessage?: boolean;
  /**
   * Whose request it is. Cached prefixes are shared only within a tenant, and tenants take turns.
   * Never chosen by the caller: the server derives it from the key.
   */
  readonly tenant?: string;
  /** One of several answers to the same prompt, which is booked with the first of them. */
  readonly promptAlreadyBilled?: boolean;
  /** Called once, in whatever way the request ends, with what was computed for it. */
  readonly onUsage?: (usage: Usage) => void;
}

export interface TokenLogprob {
  readonly id: number;
  /** The token's own text; may hold U+FFFD where the token is a part of a character. */
  readonly text: string;
  readonly bytes: Uint8Array;
  /** Natural logarithm of the probability before penalties and temperature. */
  readonly logprob: number;
}

export interface ChosenToken extends TokenLogprob {
  readonly top: readonly TokenLogprob[];
}

export type FinishReason = "stop" | "length" | "tool_calls";
export type NativeFinishReason =
  | "eos"
  | "stop_string"
  | "length"
  | "context"
  | "tool_call"
  | "grammar_end";

export interface Usage {
  readonly promptTokens: number;
  /** Placeholder rows of the prompt's images (without the tags around them). */
  readonly imageTokens: number;
  /** Placeholder rows of its videos, as many as are left after pruning. */
  readonly videoTokens: number;
  /** Prompt tokens found in a cache. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
}

export interface Timings {
  readonly queueMs: number;
  /** Decoding, tiling and encoding of images and videos. */
  readonly mediaMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

/** What an engine says while it answers. `start` once, `end` once and last. */
export type ChatEvent =
  | {
      readonly type: "start";
      readonly promptTokens: number;
      readonly imageTokens: number;
      readonly videoTokens: number;
      /** 0: it begins at once; 1: it is the next to begin. Undefined: nobody knows. */
      readonly queuePosition?: number;
    }
  | {
      readonly type: "reasoning" | "text";
      readonly text: string;
      /** The tokens that this text came from, if log probabilities were asked for. */
      readonly tokens?: readonly ChosenToken[];
    }
  /** One whole call. `index` counts the answer's calls from 0. */
  | ({ readonly type: "tool_call"; readonly index: number } & ToolCall)
  | {
      readonly type: "end";
      readonly reason: FinishReason;
      readonly nativeReason: NativeFinishReason;
      readonly usage: Usage;
      readonly timings: Timings;
    };
