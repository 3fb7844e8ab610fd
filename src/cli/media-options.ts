// Options of images, documents and videos, and how they become requests' and the engine's settings.

import { type Command, Option } from "commander";
import type { ExifOrientation } from "../core/chat.ts";
import { type Defined, defined } from "../core/defined.ts";
import { LIMITS } from "../core/limits.ts";
import { between, wholeBetween } from "./parsers.ts";

export interface ImageFlags {
  readonly maxTiles?: number;
  readonly exifOrientation?: ExifOrientation;
}

export interface DocumentFlags {
  readonly pages?: string;
  readonly dpi?: number;
}

export interface VideoFlags {
  readonly fps?: number | undefined;
  readonly frames?: number | undefined;
  readonly evs?: number | undefined;
}

/** Values of the options that withMediaOptions() adds. */
export interface MediaFlags extends ImageFlags, DocumentFlags, VideoFlags {}

interface VideoSettings {
  readonly fps: number | undefined;
  readonly maxFrames: number | undefined;
  readonly pruningRate: number | undefined;
}

export function withImageOptions(command: Command): Command {
  return command
    .option("--max-tiles <n>", "tiles per picture or page, 1 to 12", wholeBetween(1, 12))
    .addOption(
      new Option(
        "--exif-orientation <how>",
        '"apply" turns pictures upright (default); "ignore" shows them as they are stored, ' +
          "as the model's reference does",
      ).choices(["apply", "ignore"]),
    );
}

export function withDocumentOptions(command: Command): Command {
  const { minDpi, maxDpi } = LIMITS.page;
  return command
    .option("--pages <list>", 'pages of documents, such as "1-3,7" (default: all)')
    .option(
      "--dpi <n>",
      `resolution of PDF pages in dots per inch, ${minDpi} to ${maxDpi} (default: 150)`,
      between(minDpi, maxDpi),
    );
}

/** Adds --fps, --frames and --evs; with a prefix, --video-fps and so on. */
export function withVideoOptions(command: Command, prefix: "" | "video-" = ""): Command {
  const evs = prefix === "" ? "evs" : `${prefix}pruning-rate`;
  return command
    .option(
      `--${prefix}fps <x>`,
      "frames of a video per second, at most; 0: all (default: 2)",
      between(0, 1000),
    )
    .option(
      `--${prefix}frames <n>`,
      `frames of a video, at most; 1 to ${LIMITS.video.sampledFrames} (default: 128)`,
      wholeBetween(1, LIMITS.video.sampledFrames),
    )
    .option(
      `--${evs} <share>`,
      "share of a video's tokens that EVS drops, 0 to 0.999 (default: the checkpoint's)",
      between(0, 0.999),
    );
}

/** Adds the options of images, documents and videos. */
export function withMediaOptions(command: Command): Command {
  return withVideoOptions(withDocumentOptions(withImageOptions(command)));
}

/** The flags by the names of the engine's VideoOptions; flags that were not given are left out. */
export function videoSettings({ fps, frames, evs }: VideoFlags): Defined<VideoSettings> {
  return defined({ fps, maxFrames: frames, pruningRate: evs });
}

/** The flags by the names of ChatRequest. */
export function imageSettings({ maxTiles, exifOrientation }: ImageFlags) {
  return defined({ maxTiles, exifOrientation });
}

/** The flags by the names of a document part. */
export function documentSettings({ pages, dpi }: DocumentFlags) {
  return defined({ pages, dpi });
}
