import type { ChatRequest } from "./chat.ts";

/** The frames that the model sees of a video, and the order in which EVS keeps their rows. */
export interface VideoInspection {
  readonly width: number;
  readonly height: number;
  /** Frame rate of the file; absent if only frames were sent. */
  readonly fps?: number;
  /** From the first frame to the end of the last one; absent if only frames were sent. */
  readonly durationSeconds?: number;
  readonly totalFrames: number;
  /** Sampled frames. seconds: time since the first frame; jpeg: a thumbnail. */
  readonly frames: readonly {
    readonly index: number;
    readonly seconds?: number;
    readonly jpeg: Uint8Array;
  }[];
  /** Grid of one frame's rows, in row-major order. */
  readonly columns: number;
  readonly rows: number;
  /**
   * [frames · rows · columns]: the rank of each row in the order in which EVS keeps rows.
   * At rate q it keeps the rows whose rank is below
   * max(tokens of a frame, ⌊tokens of a frame · frames · (1 − q)⌋).
   */
  readonly ranks: Uint32Array;
  /** Share that is dropped by default, 0 to below 1. */
  readonly pruningRate: number;
}

/** A rendered page of a document. */
export interface PageInspection {
  /** Counts the file's pages from 1. */
  readonly number: number;
  /** EXIF orientation that was applied to a picture; absent if none was. */
  readonly turn?: number;
  /** Size in pixels at which the model sees the page. */
  readonly width: number;
  readonly height: number;
  readonly jpeg: Uint8Array;
  /** Characters that no font has, so they are missing in the picture. */
  readonly undrawn: number;
  /** Words of the text layer. box: left, top, right, bottom in thousandths of the page. */
  readonly words: readonly {
    readonly text: string;
    readonly box: readonly [number, number, number, number];
  }[];
}

/** A page that cannot be rendered, in a document whose other pages can. */
export interface FailedPage {
  /** Counts the file's pages from 1. */
  readonly page: number;
  readonly reason: string;
}

export interface DocumentInspection {
  /** Pages of the file. */
  readonly totalPages: number;
  readonly failedPages: readonly FailedPage[];
  readonly pages: readonly PageInspection[];
}

/** Shows users what the model sees. A request is a chat request with one video or document. */
export interface Inspector {
  /**
   * Throws what chat throws for the same video, missing_required and too_many_videos. Aborting the
   * signal ends the work at the next slice of a frame; the call throws the signal's reason.
   */
  video(request: ChatRequest, signal?: AbortSignal): Promise<VideoInspection>;
  /** Throws what chat throws for the same document, missing_required and too_many_documents. */
  document(request: ChatRequest, signal?: AbortSignal): Promise<DocumentInspection>;
}
