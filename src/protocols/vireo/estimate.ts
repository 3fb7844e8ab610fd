import { z } from "zod";
import type { PromptEstimate, VideoEstimate } from "../../core/estimate.ts";
import { costOf, type Prices, showPrice } from "../../core/prices.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { type ParsedChatRequest, parseChatRequest } from "../openai/chat.ts";
import { chatBody } from "../openai/chat-schema.ts";
import { check } from "../shared/schema-errors.ts";

/** The body of POST /v1/estimate: a chat request, and how it is to be counted. */
export const estimateBody = chatBody.extend({
  /** False: headers are read and nothing is decoded. */
  decode: z.boolean().nullish(),
});

/** Throws what parseChatRequest throws. */
export function parseEstimate(
  json: unknown,
  models: readonly UpstreamModel[] = [],
): ParsedChatRequest & { readonly decode: boolean } {
  const parsed = parseChatRequest(json, models);
  return { ...parsed, decode: check(estimateBody.pick({ decode: true }), json).decode ?? true };
}

/** The answer of POST /v1/estimate: what a chat request would be billed for its prompt. */
export interface EstimateBody {
  readonly object: "estimate";
  readonly model: string;
  /** Where videos were not decoded, the most that it can be. */
  readonly prompt_tokens: number;
  /** Where videos were not decoded: frames that turn out to be damaged are left out. */
  readonly prompt_tokens_range?: Range;
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
    /** How it was turned to stand upright, as EXIF numbers it; absent if it was not. */
    readonly orientation_applied?: number;
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
    /** Pages that cannot be drawn, and those whose picture lacks characters that no font has. */
    readonly failed_pages?: readonly { readonly page: number; readonly reason: string }[];
    readonly undrawn?: readonly { readonly page: number; readonly characters: number }[];
  }[];
  readonly videos: readonly {
    readonly index: number;
    readonly width: number;
    readonly height: number;
    /** Frames a second of the file; absent where only frames were sent. */
    readonly fps?: number;
    /** Seconds from the first frame to the end of the last; absent where only frames were sent. */
    readonly duration?: number;
    readonly frames: {
      readonly total: number;
      /** Those that are looked at: their numbers, and when they are shown, in seconds. */
      readonly sampled: readonly {
        readonly index: number;
        readonly seconds?: number;
        /** After pruning; a range until the frames are encoded. */
        readonly tokens: Range;
      }[];
    };
    /** That was applied: the request's, else the model's `video_pruning_rate`. */
    readonly pruning_rate: number;
    readonly tokens_unpruned: number;
    /** Frames that an earlier one stands for: nothing is encoded for them. */
    readonly frames_repeated?: number;
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
  /**
   * From the pace of what was computed lately, if nothing else runs and nothing is remembered;
   * absent where nothing was computed yet.
   */
  readonly predicted?: { readonly first_token_ms: number; readonly token_ms: number };
}

/** Both ends belong to it. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** maxTokens: what the answer may take, if the request says so. */
export function toEstimateBody(
  estimate: PromptEstimate,
  model: string,
  prices: Prices,
  maxTokens?: number,
): EstimateBody {
  const { promptTokens, imageTokens, videoTokens, toolTokens, contextTokens } = estimate;
  const { minPromptTokens: least, predicted } = estimate;
  const room = contextTokens - promptTokens;
  return {
    object: "estimate",
    model,
    prompt_tokens: promptTokens,
    ...(least === undefined ? {} : { prompt_tokens_range: { least, most: promptTokens } }),
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
      ...(image.turn === undefined ? {} : { orientation_applied: image.turn }),
      tiles: {
        columns: image.columns,
        rows: image.rows,
        thumbnail: image.thumbnail,
        count: image.columns * image.rows + (image.thumbnail ? 1 : 0),
        size_px: image.tilePx,
      },
      tokens: image.tokens,
    })),
    documents: estimate.documents.map(({ totalPages, pages, tokens, ...rest }, index) => ({
      index,
      total_pages: totalPages,
      ...(rest.failedPages.length > 0 && { failed_pages: rest.failedPages }),
      ...(rest.undrawn.length > 0 && { undrawn: rest.undrawn }),
      pages: pages.map(({ number, image }) => {
        return { page: number, image, tokens: estimate.images[image]?.tokens ?? 0 };
      }),
      tokens,
    })),
    videos: estimate.videos.map(toVideo),
    context: {
      limit: contextTokens,
      remaining: Math.max(0, room),
      fits: room >= (maxTokens ?? 1),
    },
    pricing: { prompt: showPrice(prices.prompt), completion: showPrice(prices.completion) },
    cost: { prompt: showPrice(costOf(prices, { promptTokens, completionTokens: 0 })) },
    ...(predicted === undefined
      ? {}
      : {
          predicted: {
            first_token_ms: inMs(predicted.firstTokenMs),
            token_ms: inMs(predicted.tokenMs),
          },
        }),
  };
}

function toVideo(video: VideoEstimate, index: number): EstimateBody["videos"][number] {
  const sampled = video.frames.map(({ index, seconds, minTokens, maxTokens }) => ({
    index,
    ...(seconds === undefined ? {} : { seconds }),
    tokens: { least: minTokens, most: maxTokens },
  }));
  return {
    index,
    width: video.width,
    height: video.height,
    ...(video.fps === undefined ? {} : { fps: video.fps }),
    ...(video.durationSeconds === undefined ? {} : { duration: video.durationSeconds }),
    frames: { total: video.totalFrames, sampled },
    pruning_rate: video.pruningRate,
    tokens_unpruned: video.tokensUnpruned,
    ...(video.repeats === undefined ? {} : { frames_repeated: video.repeats }),
    tokens: video.tokens,
  };
}

/** To a tenth of a millisecond. */
function inMs(ms: number): number {
  return Math.round(ms * 10) / 10;
}
