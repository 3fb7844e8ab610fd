// The parts of the server's requests and responses that the page uses. A field that a server may
// omit is optional. server-types.ts lets the compiler compare them with the server's own types.

export interface TextPart {
  readonly type: "text";
  readonly text: string;
}

export interface ImagePart {
  readonly type: "image_url";
  readonly image_url: { readonly url: string };
}

export interface VideoPart {
  readonly type: "video_url";
  readonly video_url: { readonly url: string };
}

export interface FilePart {
  readonly type: "file";
  readonly file: {
    readonly filename: string;
    readonly file_data: string;
    /** A list of pages and ranges, for example "1-3,7". */
    readonly pages?: string;
  };
}

export type MediaPart = ImagePart | VideoPart | FilePart;

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text as the model wrote it; it may be invalid. */
  readonly arguments: string;
}

export interface WireToolCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

export type WireMessage =
  | { readonly role: "system"; readonly content: string }
  | { readonly role: "user"; readonly content: string | readonly (TextPart | MediaPart)[] }
  | {
      readonly role: "assistant";
      readonly content: string;
      readonly tool_calls?: readonly WireToolCall[];
    }
  | { readonly role: "tool"; readonly tool_call_id: string; readonly content: string };

/** A body of POST /v1/chat/completions. */
export interface ChatBody {
  readonly model: string;
  readonly messages: readonly WireMessage[];
  readonly [parameter: string]: unknown;
}

export interface Prices {
  /** US dollars per token, decimal. "0": the operator set none. */
  readonly prompt?: string;
  readonly completion?: string;
  readonly image?: string;
}

/** Values that half, three quarters, … of the requests did not exceed. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** A provider of a model with its state. Null: not measured or not reported. */
export interface Endpoint {
  readonly name: string;
  readonly provider_name: string;
  readonly quantization: string;
  readonly context_length: number | null;
  readonly pricing: { readonly prompt: string; readonly completion: string };
  /** 0: takes requests; below: less so, or not at all. */
  readonly status: number;
  /** In percent. */
  readonly uptime_last_30m: number | null;
  /** In seconds. */
  readonly latency_last_30m: Percentiles | null;
  /** In tokens per second. */
  readonly throughput_last_30m: Percentiles | null;
  readonly running: number;
  readonly is_zdr: boolean;
  readonly last_error: { readonly code: string; readonly agoMs: number } | null;
}

export interface Model {
  readonly id: string;
  readonly name?: string;
  readonly owned_by?: string;
  readonly created?: number;
  readonly description?: string;
  readonly license?: string;
  /** Empty if the model is not published there. */
  readonly hugging_face_id?: string;
  readonly context_length?: number;
  readonly architecture?: {
    readonly input_modalities?: readonly string[];
    readonly output_modalities?: readonly string[];
  };
  readonly top_provider?: { readonly max_completion_tokens?: number };
  readonly pricing?: Prices;
  readonly supported_parameters?: readonly string[];
  /** The share of a video's tokens that the server drops by default. */
  readonly video_pruning_rate?: number;
  /** Abilities that need system programs, and whether the server has them. */
  readonly abilities?: Readonly<Record<string, unknown>>;
}

/** A file that was uploaded to the server. */
export interface UploadedFile {
  readonly id: string;
  readonly filename: string;
  readonly bytes: number;
  readonly purpose?: string;
  /** Unix time in seconds. */
  readonly created_at?: number;
  /** Unix time in seconds; absent or null: never. */
  readonly expires_at?: number | null;
}

/** The limits of a key and its usage since the server was started. */
export interface KeyInfo {
  readonly label: string;
  /** null: no limit. */
  readonly rate_limit: {
    readonly requests_per_minute: number | null;
    readonly tokens_per_minute: number | null;
    readonly concurrent_requests: number | null;
  };
  readonly usage: {
    readonly requests: number;
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    /** Decimal. */
    readonly cost_usd: string;
  };
}

export interface PictureEstimate {
  readonly index: number;
  readonly width: number;
  readonly height: number;
  readonly tiles: {
    readonly columns: number;
    readonly rows: number;
    readonly thumbnail: boolean;
    readonly count: number;
    readonly size_px: number;
  };
  readonly tokens: number;
}

export interface DocumentEstimate {
  readonly total_pages: number;
  readonly pages: readonly { readonly page: number; readonly image: number }[];
  readonly tokens: number;
}

export interface VideoEstimate {
  readonly frames: { readonly total: number; readonly sampled: readonly unknown[] };
  readonly fps?: number;
  readonly tokens: number;
  readonly tokens_unpruned: number;
}

/** The frames of a video that the model sees. */
export interface VideoInspection {
  readonly width: number;
  readonly height: number;
  readonly fps?: number | undefined;
  readonly duration?: number | undefined;
  readonly total_frames: number;
  readonly frames: readonly {
    readonly index: number;
    readonly seconds?: number | undefined;
    /** A data: URL. */
    readonly thumbnail: string;
  }[];
  readonly frame_tokens: { readonly columns: number; readonly rows: number };
  readonly pruning: { readonly ranks: string; readonly default_rate: number };
}

export interface PageInspection {
  readonly page: number;
  readonly width: number;
  readonly height: number;
  /** A data: URL. */
  readonly image: string;
  readonly words: readonly { readonly text: string; readonly box: readonly number[] }[];
}

export interface DocumentInspection {
  readonly total_pages: number;
  readonly pages: readonly PageInspection[];
}

export interface Estimate {
  readonly prompt_tokens: number;
  readonly prompt_tokens_details: {
    readonly text_tokens: number;
    readonly image_tokens: number;
    readonly video_tokens?: number;
    readonly tool_tokens: number;
  };
  readonly images: readonly PictureEstimate[];
  readonly documents?: readonly DocumentEstimate[];
  readonly videos?: readonly VideoEstimate[];
  readonly context: { readonly limit: number; readonly remaining: number; readonly fits: boolean };
  readonly pricing?: Prices;
  readonly cost?: { readonly prompt?: string };
  readonly predicted?: { readonly first_token_ms: number };
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details?: {
    readonly cached_tokens?: number;
    readonly image_tokens?: number;
    readonly video_tokens?: number;
  };
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number };
  /** US dollars. */
  readonly cost?: number;
}

export interface Alternative {
  readonly token: string;
  /** Natural logarithm of the probability. */
  readonly logprob: number;
}

export interface Token extends Alternative {
  readonly alternatives: readonly Alternative[];
}
