import type { ChatRequest } from "./chat.ts";

/** What the model is shown of a video, and which of its rows EVS keeps at any rate. */
export interface VideoInspection {
  readonly width: number;
  readonly height: number;
  /** Of the file; absent where only frames were sent. */
  readonly fps?: number;
  /** From the first frame to the end of the last one; absent where only frames were sent. */
  readonly durationSeconds?: number;
  readonly totalFrames: number;
  /** Those that are looked at. seconds: from the first frame on; jpeg: a small picture of it. */
  readonly frames: readonly {
    readonly index: number;
    readonly seconds?: number;
    readonly jpeg: Uint8Array;
  }[];
  /** Rows of one frame: so many across, so many down, line by line. */
  readonly columns: number;
  readonly rows: number;
  /**
   * [frames · rows · columns]: each row's place in the order in which EVS keeps them. At a rate q
   * those below max(tokens of a frame, ⌊tokens of a frame · frames · (1 − q)⌋) are kept.
   */
  readonly ranks: Uint32Array;
  /** What is left out where a request does not say, 0 to below 1. */
  readonly pruningRate: number;
}

/** A page of a document as people see it. */
export interface PageInspection {
  /** Counts the file's pages from 1. */
  readonly number: number;
  /** How a picture was turned to stand upright, as EXIF numbers it; absent if it was not. */
  readonly turn?: number;
  /** Pixels in which the model is shown the page. */
  readonly width: number;
  readonly height: number;
  readonly jpeg: Uint8Array;
  /** Characters that no font has, so that the picture lacks them. */
  readonly undrawn: number;
  /** What the file says is written there; boxes: left, top, right, bottom in thousandths. */
  readonly words: readonly {
    readonly text: string;
    readonly box: readonly [number, number, number, number];
  }[];
}

/** A page of a document that cannot be drawn, though others can. */
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

/** Shows to people what the model is shown. Requests are as for chat, with one such part. */
export interface Inspector {
  /**
   * Throws what chat throws for the same video, missing_required and too_many_videos. Aborting the
   * signal ends it at the next slice of a frame, with the signal's reason.
   */
  video(request: ChatRequest, signal?: AbortSignal): Promise<VideoInspection>;
  /** Throws what chat throws for the same document, missing_required and too_many_documents. */
  document(request: ChatRequest, signal?: AbortSignal): Promise<DocumentInspection>;
}
