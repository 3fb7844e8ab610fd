/** The tile grid of an image, and its tokens. */
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

/** The rendered pages of a document, and their tokens. */
export interface DocumentEstimate {
  /** Pages of the file. */
  readonly totalPages: number;
  /** number: page number from 1. image: index among the images, from 0. */
  readonly pages: readonly { readonly number: number; readonly image: number }[];
  readonly failedPages: readonly { readonly page: number; readonly reason: string }[];
  /** Pages on which characters have no glyph in any font, so they are missing in the picture. */
  readonly undrawn: readonly { readonly page: number; readonly characters: number }[];
  /** Placeholder rows of its pages. */
  readonly tokens: number;
}

/** The sampled frames of a video, and its tokens. */
export interface VideoEstimate {
  readonly width: number;
  readonly height: number;
  /** Frame rate of the file; absent if only frames were sent. */
  readonly fps?: number;
  /** From the first frame to the end of the last one; absent if only frames were sent. */
  readonly durationSeconds?: number;
  readonly totalFrames: number;
  readonly frames: readonly FrameEstimate[];
  /** Placeholder rows, without tags and labels, before and after pruning. */
  readonly tokensUnpruned: number;
  readonly tokens: number;
  readonly pruningRate: number;
  /**
   * Frames that repeat an earlier frame: they have rows but are not encoded again. Absent if no
   * frame was decoded.
   */
  readonly repeats?: number;
}

export interface FrameEstimate {
  readonly index: number;
  /** Time since the first frame; absent if unknown. */
  readonly seconds?: number;
  /** Rows after pruning. The two numbers differ until the frames are encoded. */
  readonly minTokens: number;
  readonly maxTokens: number;
}

/** Predicted from recent speed, for an idle engine and an empty prefix cache. */
export interface PredictedTime {
  /** From decoded media to the first token. */
  readonly firstTokenMs: number;
  /** Time of each further token. */
  readonly tokenMs: number;
}

export interface EstimateOptions {
  readonly signal?: AbortSignal | undefined;
  /** False: only headers of pictures and videos are read; nothing is decoded. Default: true. */
  readonly decode?: boolean | undefined;
}

/** The prompt tokens that a request would be billed for, by part. */
export interface PromptEstimate {
  /** The maximum, with every frame, if videos were not decoded. */
  readonly promptTokens: number;
  /** The minimum, if videos were not decoded: without frames that cannot be decoded. */
  readonly minPromptTokens?: number;
  /** Placeholder rows of images, included in the total. */
  readonly imageTokens: number;
  /** Placeholder rows of videos, included in the total. */
  readonly videoTokens: number;
  /** Tokens that the tools add, included in the total. */
  readonly toolTokens: number;
  /** Images and pages of documents, in the order of the messages. */
  readonly images: readonly ImageEstimate[];
  readonly documents: readonly DocumentEstimate[];
  readonly videos: readonly VideoEstimate[];
  readonly contextTokens: number;
  /** Absent until the engine has computed something. */
  readonly predicted?: PredictedTime;
}
