import type { PromptEstimate } from "../core/chat.ts";
import { costOf, type Prices, showPrice } from "../core/prices.ts";

/** The answer of POST /v1/estimate: what a chat request would be billed for its prompt. */
export interface EstimateBody {
  readonly object: "estimate";
  readonly model: string;
  readonly prompt_tokens: number;
  readonly prompt_tokens_details: {
    readonly text_tokens: number;
    readonly image_tokens: number;
    readonly video_tokens: number;
    readonly tool_tokens: number;
  };
  readonly images: readonly {
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
  }[];
  /** Whose pages are among the images. */
  readonly documents: readonly {
    readonly index: number;
    /** Of the file. */
    readonly total_pages: number;
    readonly pages: readonly {
      /** Counts from 1. */
      readonly page: number;
      /** The index of its image. */
      readonly image: number;
      readonly tokens: number;
    }[];
    readonly tokens: number;
  }[];
  readonly videos: readonly {
    readonly index: number;
    readonly width: number;
    readonly height: number;
    /** Frames a second of the file; absent where only frames were sent. */
    readonly fps?: number;
    readonly frames: {
      readonly total: number;
      /** Those that are looked at: their numbers, and the seconds that the prompt says. */
      readonly sampled: readonly { readonly index: number; readonly seconds?: number }[];
    };
    readonly pruning_rate: number;
    readonly tokens_unpruned: number;
    /** Frames that an earlier one stands for: nothing is encoded for them. */
    readonly frames_repeated: number;
    readonly tokens: number;
  }[];
  readonly context: {
    readonly limit: number;
    /** Tokens left for the answer; 0 if the prompt does not fit. */
    readonly remaining: number;
    readonly fits: boolean;
  };
  /** US dollars per token. */
  readonly pricing: { readonly prompt: string; readonly completion: string };
  /** US dollars. */
  readonly cost: { readonly prompt: string };
}

/** maxTokens: what the answer may take, if the request says so. */
export function toEstimateBody(
  estimate: PromptEstimate,
  model: string,
  prices: Prices,
  maxTokens?: number,
): EstimateBody {
  const { promptTokens, imageTokens, videoTokens, toolTokens, contextTokens } = estimate;
  const room = contextTokens - promptTokens;
  return {
    object: "estimate",
    model,
    prompt_tokens: promptTokens,
    prompt_tokens_details: {
      text_tokens: promptTokens - imageTokens - videoTokens - toolTokens,
      image_tokens: imageTokens,
      video_tokens: videoTokens,
      tool_tokens: toolTokens,
    },
    images: estimate.images.map((image, index) => ({
      index,
      width: image.width,
      height: image.height,
      tiles: {
        columns: image.columns,
        rows: image.rows,
        thumbnail: image.thumbnail,
        count: image.columns * image.rows + (image.thumbnail ? 1 : 0),
        size_px: image.tilePx,
      },
      tokens: image.tokens,
    })),
    documents: estimate.documents.map(({ totalPages, pages, tokens }, index) => ({
      index,
      total_pages: totalPages,
      pages: pages.map(({ number, image }) => {
        return { page: number, image, tokens: estimate.images[image]?.tokens ?? 0 };
      }),
      tokens,
    })),
    videos: estimate.videos.map((video, index) => ({
      index,
      width: video.width,
      height: video.height,
      ...(video.fps === undefined ? {} : { fps: video.fps }),
      frames: { total: video.totalFrames, sampled: video.frames },
      pruning_rate: video.pruningRate,
      tokens_unpruned: video.tokensUnpruned,
      frames_repeated: video.repeats,
      tokens: video.tokens,
    })),
    context: {
      limit: contextTokens,
      remaining: Math.max(0, room),
      fits: room >= (maxTokens ?? 1),
    },
    pricing: { prompt: showPrice(prices.prompt), completion: showPrice(prices.completion) },
    cost: { prompt: showPrice(costOf(prices, { promptTokens, completionTokens: 0 })) },
  };
}
