// What an engine and an estimator open alike.

import { VireoError } from "../core/errors.ts";
import type { Resize } from "../media/pixels.ts";
import { FfmpegDecoder } from "../media/video-decoder.ts";
import type { ModelConfig } from "../model/config.ts";
import { DocumentStore } from "./media/documents.ts";
import { ImageStore } from "./media/images.ts";
import type { MediaStores } from "./media/open-media.ts";
import { type DraftEncoder, type VideoOptions, VideoStore, videoSettings } from "./media/videos.ts";

const IMAGE_CACHE_BYTES = 512 * 2 ** 20;
const VIDEO_CACHE_BYTES = 768 * 2 ** 20;
/** Throws invalid_option. */
export function chooseContext(config: ModelConfig, wanted: number | undefined): number {
  const { contextTokens } = config.text;
  if (wanted === undefined) return contextTokens;
  if (Number.isInteger(wanted) && wanted >= 16 && wanted <= contextTokens) return wanted;
  const text = `context is ${wanted}; it must be a whole number from 16 to ${contextTokens}`;
  throw new VireoError("invalid_option", text, { param: "context" });
}

/** Throws invalid_option. */
export function openStores(
  config: ModelConfig,
  resize: Resize,
  options: VideoOptions = {},
  drafts?: DraftEncoder,
): MediaStores {
  const images = new ImageStore(config, resize, IMAGE_CACHE_BYTES);
  const videos = new VideoStore({
    config,
    decoder: options.decoder ?? new FfmpegDecoder(options.programPath),
    resize,
    settings: videoSettings(options, config.videoPruningRate),
    maxBytes: VIDEO_CACHE_BYTES,
    ...(drafts && { drafts }),
  });
  return { images, documents: new DocumentStore(images), videos };
}
