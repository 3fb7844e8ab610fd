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
  readonly bytes: Uint8Array;
}

export type ContentPart = TextPart | ImagePart;

export interface ToolCall {
  readonly name: string;
  /** JSON text, inserted into the prompt as it is. */
  readonly arguments: string;
}

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string | readonly ContentPart[];
  readonly toolCalls?: readonly ToolCall[];
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
  /** Undefined: the template decides (`/think` and `/no_think` in the messages, else off). */
  readonly enabled?: boolean;
  /** Tokens after which the reasoning is brought to an end (chat.md § 4.1). */
  readonly budgetTokens?: number;
}

export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  /** Tool definitions (JSON objects) for the template. */
  readonly tools?: readonly Readonly<Record<string, unknown>>[];
  readonly sampling: SamplingOptions;
  /** Undefined: as many as the context leaves. Counts reasoning too. */
  readonly maxTokens?: number;
  readonly minTokens?: number;
  readonly ignoreEos?: boolean;
  readonly stop: readonly string[];
  /** Number of alternatives per token (0: only the chosen token's). Undefined: none at all. */
  readonly topLogprobs?: number;
  readonly reasoning: ReasoningOptions;
  /** Tiles per image without the thumbnail, 1..12. Undefined: the checkpoint's own limit. */
  readonly tilesMax?: number;
  /** The last message is the assistant's and is to be continued, not answered. */
  readonly continueFinalMessage?: boolean;
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

export type FinishReason = "stop" | "length";
export type NativeFinishReason = "eos" | "stop_string" | "length" | "context";

export interface Usage {
  readonly promptTokens: number;
  /** Placeholder rows of the prompt's images (without the tags around them). */
  readonly imageTokens: number;
  /** Prompt tokens found in a cache. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
}

export interface Timings {
  readonly queueMs: number;
  /** Decoding, tiling and encoding of images. */
  readonly mediaMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

/** What an engine says while it answers. `start` once, `end` once and last. */
export type ChatEvent =
  | { readonly type: "start"; readonly promptTokens: number; readonly imageTokens: number }
  | {
      readonly type: "reasoning" | "text";
      readonly text: string;
      /** The tokens that this text came from, if log probabilities were asked for. */
      readonly tokens?: readonly ChosenToken[];
    }
  | {
      readonly type: "end";
      readonly reason: FinishReason;
      readonly nativeReason: NativeFinishReason;
      readonly usage: Usage;
      readonly timings: Timings;
    };

/** Anything that can answer: this process's engine today, a remote one later. */
export interface Upstream {
  readonly models: readonly UpstreamModel[];
  readonly ready: boolean;
  /**
   * Throws a VireoError for a request that is refused (before the first event) or that fails.
   * Aborting the signal frees the request's place at the next step; the iteration then ends by
   * throwing the signal's reason.
   */
  chat(request: ChatRequest, signal?: AbortSignal): AsyncIterable<ChatEvent>;
}

export interface UpstreamModel {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly createdUnix: number;
  readonly ownedBy: string;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** A short hash that changes whenever the answers may change: weights, format, kernels. */
  readonly fingerprint: string;
}
