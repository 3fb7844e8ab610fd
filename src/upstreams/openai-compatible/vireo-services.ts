import { z } from "zod";
import type { ChatRequest } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import type { PromptEstimate, VideoEstimate } from "../../core/estimate.ts";
import type { Caller, UpstreamCapabilities } from "../../core/upstream.ts";
import { invalidAnswer } from "./failures.ts";
import type { JsonObject } from "./json-values.ts";

const count = z.int().min(0);
const size = z.number().min(0);

const image = z.object({
  width: count,
  height: count,
  orientation_applied: count.optional(),
  tiles: z.object({ columns: count, rows: count, thumbnail: z.boolean(), size_px: count }),
  tokens: count,
});

const document = z.object({
  total_pages: count,
  pages: z.array(z.object({ page: count, image: count })),
  tokens: count,
  failed_pages: z.array(z.object({ page: count, reason: z.string() })).default([]),
  undrawn: z.array(z.object({ page: count, characters: count })).default([]),
});

const video = z.object({
  width: count,
  height: count,
  fps: size.optional(),
  duration: size.optional(),
  frames: z.object({
    total: count,
    sampled: z.array(
      z.object({
        index: count,
        seconds: size.optional(),
        tokens: z.object({ least: count, most: count }),
      }),
    ),
  }),
  pruning_rate: size,
  tokens_unpruned: count,
  frames_repeated: count.optional(),
  tokens: count,
});

/** The answer of another vireo's POST /v1/estimate. */
const estimate = z.object({
  prompt_tokens: count,
  prompt_tokens_range: z.object({ least: count }).optional(),
  prompt_tokens_details: z.object({ image_tokens: count, video_tokens: count, tool_tokens: count }),
  images: z.array(image),
  documents: z.array(document),
  videos: z.array(video),
  context: z.object({ limit: count }),
  predicted: z.object({ first_token_ms: size, token_ms: size }).optional(),
});

const tokens = z.object({ tokens: z.array(count) });
const detokenized = z.object({ prompt: z.string() });

export interface ServiceOptions {
  readonly provider: string;
  /** Posts a body and returns the JSON of the answer. path: beside `/v1`. */
  readonly post: (path: string, body: JsonObject, caller: Caller) => Promise<unknown>;
  /** The body of a chat request, as another vireo expects it. */
  readonly toBody: (request: ChatRequest, signal?: AbortSignal) => Promise<JsonObject>;
  /** Name of the first model at the provider. */
  readonly model: () => string | undefined;
}

/** Services of another vireo beside answers: counting tokens and turning text into them. */
export function vireoServices(options: ServiceOptions): UpstreamCapabilities {
  const { post, toBody, provider, model } = options;
  const read = <T>(schema: z.ZodType<T>, value: unknown): T => {
    const { data, success } = schema.safeParse(value);
    if (!success) throw invalidAnswer(provider, "answered with something else than was asked for");
    return data;
  };
  return {
    async estimate(request, { signal, decode = true } = {}) {
      const { stream: _, stream_options: __, ...body } = await toBody(request, signal);
      const caller = defined({ tenant: request.tenant, signal });
      return toEstimate(read(estimate, await post("/v1/estimate", { ...body, decode }, caller)));
    },
    async tokenize(text, caller = {}) {
      const answer = await post("/tokenize", { model: model(), prompt: text }, caller);
      return read(tokens, answer).tokens;
    },
    async detokenize(ids, caller = {}) {
      const answer = await post("/detokenize", { model: model(), tokens: ids }, caller);
      return read(detokenized, answer).prompt;
    },
  };
}

function toEstimate(body: z.infer<typeof estimate>): PromptEstimate {
  const { prompt_tokens_details: details, predicted } = body;
  return {
    promptTokens: body.prompt_tokens,
    imageTokens: details.image_tokens,
    videoTokens: details.video_tokens,
    toolTokens: details.tool_tokens,
    images: body.images.map(({ width, height, tiles, orientation_applied: turn, tokens }) => {
      const { columns, rows, thumbnail, size_px: tilePx } = tiles;
      return { width, height, columns, rows, thumbnail, tilePx, tokens, ...defined({ turn }) };
    }),
    documents: body.documents.map((one) => ({
      totalPages: one.total_pages,
      pages: one.pages.map(({ page: number, image }) => ({ number, image })),
      failedPages: one.failed_pages,
      undrawn: one.undrawn,
      tokens: one.tokens,
    })),
    videos: body.videos.map(toVideo),
    contextTokens: body.context.limit,
    ...defined({
      minPromptTokens: body.prompt_tokens_range?.least,
      predicted: predicted && {
        firstTokenMs: predicted.first_token_ms,
        tokenMs: predicted.token_ms,
      },
    }),
  };
}

function toVideo(one: z.infer<typeof video>): VideoEstimate {
  const { width, height, tokens, frames } = one;
  return {
    width,
    height,
    totalFrames: frames.total,
    frames: frames.sampled.map(({ index, seconds, tokens: { least, most } }) => {
      return { index, minTokens: least, maxTokens: most, ...defined({ seconds }) };
    }),
    tokensUnpruned: one.tokens_unpruned,
    tokens,
    pruningRate: one.pruning_rate,
    ...defined({ fps: one.fps, durationSeconds: one.duration, repeats: one.frames_repeated }),
  };
}
