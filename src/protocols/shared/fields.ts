import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import { isTooDeep } from "./json.ts";

/** Schemas of fields that several bodies share. Clients may send null for an absent field. */

export const text = z.string().refine((value) => !/\p{Surrogate}/u.test(value), {
  message: "has half of a surrogate pair (\\ud800 to \\udfff alone), which is no character",
});
export const model = z.string().min(1).max(256);
export const tokens = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);
export const tokenId = z.int().min(0).max(LIMITS.checkpoint.vocabularyTokens);
const stopString = text.min(1).max(LIMITS.request.stopStringCharacters);
export const stopStrings = z.array(stopString).max(LIMITS.request.stopStrings);
export const seed = z
  .number()
  .min(-(2 ** 63))
  .lt(2 ** 63)
  .refine(Number.isInteger, { message: "must be a whole number" });
export const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;

/** A JSON object with any content. */
export const anyObject = z.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  { message: "must be an object" },
);

/**
 * A list with a bounded number of entries. Its length is checked before its entries, so that a
 * too long list costs nothing.
 */
export function boundedList<T extends z.ZodType>(entry: T, max: number, min = 0) {
  return z.array(z.unknown()).min(min).max(max).pipe(z.array(entry).min(min).max(max));
}

/** A number above 0, or −1, which in vLLM means "as many as the server allows". */
function positiveOrAll<T extends z.ZodNumber>(number: T) {
  const message = "must be above 0, or -1 for as many as the server allows";
  return number.min(-1).refine((value) => value === -1 || value > 0, message);
}

/** Selects the frames of a video. Counts and rates above the server's limits are lowered. */
export const videoSampling = {
  fps: positiveOrAll(z.number().max(1000)).nullish(),
  num_frames: positiveOrAll(z.int().max(LIMITS.video.frames)).nullish(),
  /** Seconds. */
  start: z.number().min(0).max(LIMITS.video.seconds).nullish(),
  end: z.number().min(0).max(LIMITS.video.seconds).nullish(),
  /** Mean byte difference below which a frame repeats the previous one. */
  repeat_below: z.number().min(0).max(255).nullish(),
};

/** Resolution of an image: "low" is one tile, other values the model's own tiling. */
export const detail = z.enum(["auto", "low", "high", "original"]);

/** Source: MODEL.md § Pictures. */
const maxTiles = z.int().min(1).max(12);

/** Whether images are rotated upright by their EXIF orientation. Source: MODEL.md § Pictures. */
const exifOrientation = z.enum(["apply", "ignore"]);

/** Preprocessing options for images and videos, in every body that accepts them. */
export const mediaFields = {
  max_num_tiles: maxTiles.nullish(),
  exif_orientation: exifOrientation.nullish(),
  mm_processor_kwargs: z
    .object({
      max_num_tiles: maxTiles.nullish(),
      exif_orientation: exifOrientation.nullish(),
      video_pruning_rate: z.number().min(0).lt(1).nullish(),
    })
    .nullish(),
  media_io_kwargs: z.object({ video: z.object(videoSampling).nullish() }).nullish(),
};

/** Selects the pages of a document and the resolution in which they are rendered. */
export const pageFields = {
  pages: z.string().min(1).max(LIMITS.document.pageRangeCharacters).nullish(),
  dpi: z.number().min(LIMITS.page.minDpi).max(LIMITS.page.maxDpi).nullish(),
};

/** An inline video: base64 or a data: URL. */
export const videoData = z.object({ data: z.string(), format: z.string().max(32).nullish() });

/** A file of a message: inline, by URL or by id. */
export const fileFields = {
  file_data: z.string().nullish(),
  file_url: z.string().nullish(),
  file_id: z.string().max(256).nullish(),
  filename: z.string().max(1024).nullish(),
  ...pageFields,
};

/** Sampling parameters and stop conditions. */
export const samplingFields = {
  min_tokens: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .nullish(),
  ignore_eos: z.boolean().nullish(),
  stop: z.union([stopString, stopStrings]).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.int().min(-1).max(LIMITS.checkpoint.vocabularyTokens).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().gt(0).max(100).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  seed: seed.nullish(),
  logit_bias: z
    .custom<object>((value) => typeof value === "object" && !Array.isArray(value), {
      message: "must be an object from token ids to numbers",
    })
    .nullish(),
  bad_words: z
    .array(text.min(1).max(LIMITS.request.stopStringCharacters))
    .max(LIMITS.request.badWords)
    .nullish(),
  stop_token_ids: z.array(tokenId).max(LIMITS.request.stopTokens).nullish(),
  n: z.int().min(1).max(LIMITS.request.answersPerPrompt).nullish(),
};

export const streamFields = {
  stream: z.boolean().nullish(),
  stream_options: z
    .object({
      include_usage: z.boolean().nullish(),
      continuous_usage_stats: z.boolean().nullish(),
    })
    .nullish(),
};

/** The client's own notes; some protocols repeat them in the answer. */
export const metadata = z.custom<object>(
  (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value) && !isTooDeep(value),
  { message: "must be an object that is not nested too deeply" },
);
