import { z } from "zod";
import { defined } from "../../core/defined.ts";
import type { PromptEstimate, VideoEstimate } from "../../core/estimate.ts";
import { costOf, type Prices, showPrice } from "../../core/prices.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { type ParsedChatRequest, parseChatRequest } from "../openai/chat.ts";
import { chatBody } from "../openai/chat-schema.ts";
import { check } from "../shared/schema-errors.ts";

/** The body of POST /v1/estimate: a chat request and the method of counting. */
export const estimateBody = chatBody.extend({
  /** False: only the headers of media are read. */
  decode: z.boolean().nullish(),
});

/** Parses the body of POST /v1/estimate. Throws what parseChatRequest throws. */
export function parseEstimate(
  json: unknown,
  models: readonly UpstreamModel[] = [],
): ParsedChatRequest & { readonly decode: boolean } {
  const parsed = parseChatRequest(json, models);
  return { ...parsed, decode: check(estimateBody.pick({ decode: true }), json).decode ?? true };
}

/** The answer of POST /v1/estimate: the tokens and the cost of a request's prompt. */
export interface EstimateBody {
  readonly object: "estimate";
  readonly model: string;
  /** Exact, or the maximum if videos were not decoded. */
  readonly prompt_tokens: number;
  /** Only if videos were not decoded, because damaged frames are skipped. */
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
    /** The applied EXIF orientation, 2 to 8; absent if none was. */
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
  /** Documents; their pages are among the images. */
  readonly documents: readonly {
    readonly index: number;
    /** Number of pages in the file. */
    readonly total_pages: number;
    readonly pages: readonly {
      /** Counts from 1. */
      readonly page: number;
      /** The index of its image. */
      readonly image: number;
      readonly tokens: number;
    }[];
    readonly tokens: number;
    /** Pages that cannot be rendered. */
    readonly failed_pages?: readonly { readonly page: number; readonly reason: string }[];
    /** Pages whose image lacks characters, because no font has them. */
    readonly undrawn?: readonly { readonly page: number; readonly characters: number }[];
  }[];
  readonly videos: readonly {
    readonly index: number;
    readonly width: number;
    readonly height: number;
    /** Frames per second of the file; absent for a list of frames. */
    readonly fps?: number;
    /** Seconds from the first frame to the end of the last; absent for a list of frames. */
    readonly duration?: number;
    readonly frames: {
      readonly total: number;
      /** The sampled frames: index in the file and time in seconds. */
      readonly sampled: readonly {
        readonly index: number;
        readonly seconds?: number;
        /** After pruning; a range until the frames are encoded. */
        readonly tokens: Range;
      }[];
    };
    /** The applied rate: the request's, else the model's `video_pruning_rate`. */
    readonly pruning_rate: number;
    readonly tokens_unpruned: number;
    /** Frames that repeat an earlier one and are not encoded. */
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
   * Extrapolated from recent speed, for an idle server with empty caches; absent until something
   * was computed.
   */
  readonly predicted?: { readonly first_token_ms: number; readonly token_ms: number };
}

/** A closed range. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

/** maxTokens: the maximum length of the answer, if the request sets one. */
export function toEstimateBody(
  estimate: PromptEstimate,
  model: string,
  prices: Prices,
  maxTokens?: number,
): EstimateBody {
  const { promptTokens, imageTokens, videoTokens, toolTokens, contextTokens } = estimate;
  const { minPromptTokens: least, predicted } = estimate;
  const remaining = contextTokens - promptTokens;
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
      ...defined({ orientation_applied: image.turn }),
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
      remaining: Math.max(0, remaining),
      fits: remaining >= (maxTokens ?? 1),
    },
    pricing: { prompt: showPrice(prices.prompt), completion: showPrice(prices.completion) },
    cost: { prompt: showPrice(costOf(prices, { promptTokens, completionTokens: 0 })) },
    ...(predicted === undefined
      ? {}
      : {
          predicted: {
            first_token_ms: roundMs(predicted.firstTokenMs),
            token_ms: roundMs(predicted.tokenMs),
          },
        }),
  };
}

function toVideo(video: VideoEstimate, index: number): EstimateBody["videos"][number] {
  const sampled = video.frames.map(({ index, seconds, minTokens, maxTokens }) => ({
    index,
    ...defined({ seconds }),
    tokens: { least: minTokens, most: maxTokens },
  }));
  return {
    index,
    width: video.width,
    height: video.height,
    ...defined({ fps: video.fps, duration: video.durationSeconds }),
    frames: { total: video.totalFrames, sampled },
    pruning_rate: video.pruningRate,
    tokens_unpruned: video.tokensUnpruned,
    ...defined({ frames_repeated: video.repeats }),
    tokens: video.tokens,
  };
}

/** Rounds to a tenth of a millisecond. */
function roundMs(ms: number): number {
  return Math.round(ms * 10) / 10;
}
