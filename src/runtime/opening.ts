// What an engine and an estimator open alike.

import type { UpstreamModel } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import type { Resize } from "../media/pixels.ts";
import { FfmpegDecoder } from "../media/video-decoder.ts";
import type { ModelConfig } from "../model/config.ts";
import { DocumentStore } from "./documents.ts";
import { ImageStore } from "./images.ts";
import type { MediaStores } from "./media.ts";
import { type VideoOptions, VideoStore, videoSettings } from "./videos.ts";

const IMAGE_CACHE_BYTES = 512 * 2 ** 20;
const VIDEO_CACHE_BYTES = 768 * 2 ** 20;
const MODEL_ID = "nvidia/nemotron-nano-12b-v2-vl";
const ALIASES = [
  "nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-BF16",
  "nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-FP8",
  "nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-NVFP4-QAD",
  "nemotron-nano-12b-v2-vl",
  "nemotron-nano-12b-v2-vl-bf16",
  "nemotron-nano-12b-v2-vl-fp8",
  "nemotron-nano-12b-v2-vl-nvfp4-qad",
];

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
): MediaStores {
  const images = new ImageStore(config, resize, IMAGE_CACHE_BYTES);
  const videos = new VideoStore({
    config,
    decoder: options.decoder ?? new FfmpegDecoder(options.programPath),
    resize,
    settings: videoSettings(options, config.videoPruningRate),
    bytesMax: VIDEO_CACHE_BYTES,
  });
  return { images, documents: new DocumentStore(images), videos };
}

/** id: under which it is served; undefined: the published one. */
export function describeModel(
  fingerprint: string,
  id: string | undefined,
  contextTokens: number,
): UpstreamModel {
  return {
    id: id ?? MODEL_ID,
    aliases: id === undefined ? ALIASES : [MODEL_ID, ...ALIASES],
    createdUnix: 1761609600,
    ownedBy: "nvidia",
    contextTokens,
    maxOutputTokens: contextTokens,
    fingerprint,
  };
}
