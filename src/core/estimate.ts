/** How an image is cut into tiles, and what it costs. */
export interface ImageEstimate {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
  readonly thumbnail: boolean;
  /** How it was turned to stand upright, as EXIF numbers it; absent if it was not. */
  readonly turn?: number;
  readonly tilePx: number;
  /** Placeholder rows, without the tags around them. */
  readonly tokens: number;
}

/** Which pages of a document are looked at. */
export interface DocumentEstimate {
  /** Pages of the file. */
  readonly totalPages: number;
  /** number: counts from 1. image: its place among the images, from 0. */
  readonly pages: readonly { readonly number: number; readonly image: number }[];
  readonly failedPages: readonly { readonly page: number; readonly reason: string }[];
  /** Pages on which characters have no glyph in any font, so that their picture lacks them. */
  readonly undrawn: readonly { readonly page: number; readonly characters: number }[];
  /** Placeholder rows of its pages. */
  readonly tokens: number;
}

/** Which frames of a video are looked at, and what it costs. */
export interface VideoEstimate {
  readonly width: number;
  readonly height: number;
  /** Of the file; absent where only frames were sent. */
  readonly fps?: number;
  /** From the first frame to the end of the last one; absent where only frames were sent. */
  readonly durationSeconds?: number;
  readonly totalFrames: number;
  readonly frames: readonly FrameEstimate[];
  /** Placeholder rows, without tags and labels, before and after pruning. */
  readonly tokensUnpruned: number;
  readonly tokens: number;
  readonly pruningRate: number;
  /**
   * Frames that an earlier one stands for: they have their rows and take no encoding. Absent where
   * none was decoded.
   */
  readonly repeats?: number;
}

export interface FrameEstimate {
  readonly index: number;
  /** When it is shown, from the first frame on; absent where nobody knows. */
  readonly seconds?: number;
  /** Rows that are left after pruning. The two differ until the frames are encoded. */
  readonly minTokens: number;
  readonly maxTokens: number;
}

/** From the pace of what was computed lately; nothing else runs, and nothing is remembered. */
export interface PredictedTime {
  /** From decoded media to the first token. */
  readonly firstTokenMs: number;
  /** Of each token after it. */
  readonly tokenMs: number;
}

export interface EstimateOptions {
  readonly signal?: AbortSignal | undefined;
  /** False: the headers of pictures and videos are read, and nothing is decoded. Default true. */
  readonly decode?: boolean | undefined;
}

/** What a request would be billed for its prompt, by parts. */
export interface PromptEstimate {
  /** Where videos were not decoded, the most: with every frame. */
  readonly promptTokens: number;
  /** Where videos were not decoded, the least: frames that cannot be decoded are left out. */
  readonly minPromptTokens?: number;
  /** Of those, placeholder rows of images. */
  readonly imageTokens: number;
  /** Of those, placeholder rows of videos. */
  readonly videoTokens: number;
  /** Of those, tokens that would not be there without the tools. */
  readonly toolTokens: number;
  /** Images and pages of documents, in the order of the messages. */
  readonly images: readonly ImageEstimate[];
  readonly documents: readonly DocumentEstimate[];
  readonly videos: readonly VideoEstimate[];
  readonly contextTokens: number;
  /** Absent where nothing was computed yet. */
  readonly predicted?: PredictedTime;
}
