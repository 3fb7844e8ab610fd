import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import { isTooDeep } from "./json.ts";

/** Fields that several bodies have in the same form. Clients send null for what they leave out. */

export const text = z.string().refine((value) => !/\p{Surrogate}/u.test(value), {
  message: "has half of a surrogate pair (\\ud800 to \\udfff alone), which is no character",
});
export const model = z.string().min(1).max(256);
export const tokens = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);
export const tokenId = z.int().min(0).max(LIMITS.vocabularyTokens);
const stopString = text.min(1).max(LIMITS.stopStringCharacters);
export const stopStrings = z.array(stopString).max(LIMITS.stopStrings);
export const seed = z
  .number()
  .min(-(2 ** 63))
  .lt(2 ** 63)
  .refine(Number.isInteger, { message: "must be a whole number" });
export const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;

/** A JSON object, of which nothing more is said here. */
export const anyObject = z.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  { message: "must be an object" },
);

/**
 * A list of at most so many entries. Its length is checked before anything looks at the entries, so
 * that a long one costs nothing.
 */
export function boundedList<T extends z.ZodType>(entry: T, most: number, least = 0) {
  return z.array(z.unknown()).min(least).max(most).pipe(z.array(entry).min(least).max(most));
}

/** A number above 0, or −1, which is how vLLM spells "as many as the server allows". */
function atMostOrAll<T extends z.ZodNumber>(number: T) {
  const message = "must be above 0, or -1 for as many as the server allows";
  return number.min(-1).refine((value) => value === -1 || value > 0, message);
}

/** Which frames of a video; counts and rates above the server's are lowered to them. */
export const videoSampling = {
  fps: atMostOrAll(z.number().max(1000)).nullish(),
  num_frames: atMostOrAll(z.int().max(LIMITS.videoFrames)).nullish(),
  /** Seconds. */
  start: z.number().min(0).max(LIMITS.videoSeconds).nullish(),
  end: z.number().min(0).max(LIMITS.videoSeconds).nullish(),
  /** Mean difference of bytes below which a frame counts as the one before it. */
  repeat_below: z.number().min(0).max(255).nullish(),
};

/** In how much detail a picture is looked at: "low" is one tile, all else what the model takes. */
export const detail = z.enum(["auto", "low", "high", "original"]);

/** Source: MODEL.md § Pictures. */
const maxTiles = z.int().min(1).max(12);

/** Whether pictures are turned upright as their camera noted. Source: MODEL.md § Pictures. */
const exifOrientation = z.enum(["apply", "ignore"]);

/** How pictures and videos are shown to the model, in every body that may hold some. */
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

/** Which pages of a document, and how large they are drawn. */
export const pageFields = {
  pages: z.string().min(1).max(LIMITS.pageRangeCharacters).nullish(),
  dpi: z.number().min(LIMITS.minPageDpi).max(LIMITS.maxPageDpi).nullish(),
};

/** A video in itself: base64 or a data: URL. */
export const videoData = z.object({ data: z.string(), format: z.string().max(32).nullish() });

/** A file of a message, by one of the first three. */
export const fileFields = {
  file_data: z.string().nullish(),
  file_url: z.string().nullish(),
  file_id: z.string().max(256).nullish(),
  filename: z.string().max(1024).nullish(),
  ...pageFields,
};

/** How tokens are drawn, and when it ends. */
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
  top_k: z.int().min(-1).max(LIMITS.vocabularyTokens).nullish(),
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
  bad_words: z.array(text.min(1).max(LIMITS.stopStringCharacters)).max(LIMITS.badWords).nullish(),
  stop_token_ids: z.array(tokenId).max(LIMITS.stopTokens).nullish(),
  n: z.int().min(1).max(LIMITS.answersPerPrompt).nullish(),
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

/** The client's own notes about a request: said again where the protocol does, else unused. */
export const metadata = z.custom<object>(
  (value) =>
    typeof value === "object" && value !== null && !Array.isArray(value) && !isTooDeep(value),
  { message: "must be an object that is not nested too deeply" },
);
