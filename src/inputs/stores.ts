// Options and stores that engines and estimators share.

import { VireoError } from "../core/errors.ts";
import type { Resize } from "../media/pixels.ts";
import { FfmpegDecoder } from "../media/video-decoder.ts";
import type { ModelConfig } from "../model/config.ts";
import { DocumentStore } from "./media/documents.ts";
import type { Encoder } from "./media/encode-queue.ts";
import { ImageStore } from "./media/images.ts";
import type { MediaStores } from "./media/open-media.ts";
import { PictureDecoder } from "./media/picture-decoder.ts";
import { type VideoOptions, videoSettings } from "./media/video-settings.ts";
import { VideoStore } from "./media/videos.ts";

const IMAGE_CACHE_BYTES = 512 * 2 ** 20;
const VIDEO_CACHE_BYTES = 768 * 2 ** 20;

/** Context length in tokens; by default the checkpoint's. Throws invalid_option. */
export function chooseContext(config: ModelConfig, requested: number | undefined): number {
  const { contextTokens } = config.text;
  if (requested === undefined) return contextTokens;
  if (Number.isInteger(requested) && requested >= 16 && requested <= contextTokens)
    return requested;
  const text = `context is ${requested}; it must be a whole number from 16 to ${contextTokens}`;
  throw new VireoError("invalid_option", text, { param: "context" });
}

/** Opens the stores of images, documents and videos. Throws invalid_option. */
export function openStores(
  config: ModelConfig,
  resize: Resize,
  options: VideoOptions = {},
  encoder?: Encoder,
): MediaStores {
  const decoder = new PictureDecoder();
  const images = new ImageStore({ config, resize, decoder, maxBytes: IMAGE_CACHE_BYTES });
  const videos = new VideoStore({
    config,
    decoder: options.decoder ?? new FfmpegDecoder(options.programPath),
    pictures: decoder,
    resize,
    settings: videoSettings(options, config.videoPruningRate),
    maxBytes: VIDEO_CACHE_BYTES,
    ...(encoder && { encoder }),
  });
  return { images, documents: new DocumentStore(images), videos };
}
