import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import {
  DEFAULT_SAMPLING,
  type FrameSampling,
  VIDEO_GLUE,
  type VideoGlue,
  type VideoGlueName,
} from "../../media/frames.ts";
import type { VideoDecoder } from "../../media/video-decoder.ts";

/** How an engine treats videos. */
export interface VideoOptions {
  /** Maximum number of frames per second; requests may lower it. Default 2; 0: no limit. */
  readonly fps?: number;
  /** Maximum number of frames per video, 1 to 1024; requests may lower it. Default 128. */
  readonly maxFrames?: number;
  /** Share of the rows that EVS drops, 0 to below 1. Default: the checkpoint's. */
  readonly pruningRate?: number;
  /** Text around the frames. Default: as in training. */
  readonly glue?: VideoGlueName;
  /** Folders to search for ffmpeg, in the form of PATH. */
  readonly programPath?: string;
  /** Replaces ffmpeg. */
  readonly decoder?: VideoDecoder;
}

/** Video options after validation, with defaults filled in. */
export interface VideoSettings {
  /** Upper limits; requests may lower them. */
  readonly sampling: FrameSampling;
  /** Share of the rows that EVS drops unless a request sets it, 0 to below 1. */
  readonly pruningRate: number;
  readonly glue: VideoGlue;
}

/** Validates the options. Throws invalid_option. */
export function videoSettings(options: VideoOptions, checkpointRate: number): VideoSettings {
  const { fps = DEFAULT_SAMPLING.fps, maxFrames = DEFAULT_SAMPLING.maxFrames } = options;
  const { pruningRate = checkpointRate, glue = "training" } = options;
  const refuse = (name: string, value: unknown, expected: string) => {
    const text = `video ${name} is ${value}; it must be ${expected}`;
    return new VireoError("invalid_option", text, { param: `video.${name}` });
  };
  const max = LIMITS.video.sampledFrames;
  if (!(fps >= 0 && fps <= 1000)) throw refuse("fps", fps, "from 0 to 1000");
  if (!(Number.isInteger(maxFrames) && maxFrames >= 1 && maxFrames <= max)) {
    throw refuse("maxFrames", maxFrames, `a whole number from 1 to ${max}`);
  }
  if (!(pruningRate >= 0 && pruningRate < 1)) {
    throw refuse("pruningRate", pruningRate, "from 0 to below 1");
  }
  if (!Object.hasOwn(VIDEO_GLUE, glue)) {
    throw refuse("glue", glue, `one of ${Object.keys(VIDEO_GLUE).join(", ")}`);
  }
  return { sampling: { fps, maxFrames }, pruningRate, glue: VIDEO_GLUE[glue] };
}
