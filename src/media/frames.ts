// Selects the frames of a video, and writes the text that the prompt has for each.

export interface FrameSampling {
  /** Maximum frames per second; 0 or less: no limit. */
  readonly fps: number;
  /** Maximum number of frames; 0 or less: no limit. */
  readonly maxFrames: number;
}

/** A range of a video in seconds from its first frame; both ends are inclusive. */
export interface FrameWindow {
  readonly startSeconds?: number;
  readonly endSeconds?: number;
}

/** Values of the published serving configuration.              Source: MODEL.md § Video. */
export const DEFAULT_SAMPLING: FrameSampling = Object.freeze({ fps: 2, maxFrames: 128 });

/**
 * Selects frames evenly, including the first and the last. Returns their indices, ascending.
 *
 * total: number of frames in the video. videoFps: its frames per second.
 */
export function sampleFrames(
  total: number,
  videoFps: number,
  { fps, maxFrames }: FrameSampling = DEFAULT_SAMPLING,
): number[] {
  const most = maxFrames > 0 ? Math.min(maxFrames, total) : total;
  const paced = fps > 0 ? Math.floor((total / videoFps) * fps) : most;
  const count = Math.max(1, Math.min(most, paced));
  if (count === total) return Array.from({ length: total }, (_, index) => index);
  if (count === 1) return [0];
  const step = (total - 1) / (count - 1);
  return Array.from({ length: count }, (_, k) => {
    return k === count - 1 ? total - 1 : Math.trunc(k * step);
  });
}

/**
 * The time of a frame as vLLM, SGLang and TensorRT-LLM compute it, in seconds. They truncate the
 * frame's duration to milliseconds: 4 % too early at 60 fps.    Source: MODEL.md § Video.
 */
export function truncatedSeconds(index: number, videoFps: number): number {
  return (index * Math.trunc(1000 / videoFps)) / 1000;
}

/** Formats with two decimals, exact ties to even: 0.125 → "0.12"; toFixed gives "0.13". */
export function showSeconds(seconds: number): string {
  const eighths = seconds * 8; // only odd eighths lie exactly between two hundredths
  if (!Number.isInteger(eighths) || eighths % 2 === 0) return seconds.toFixed(2);
  const below = Math.floor(seconds * 100);
  return ((below % 2 === 0 ? below : below + 1) / 100).toFixed(2);
}

/** The text before frame number `frame` (from 0). Undefined seconds: the time is unknown. */
export function frameLabel(frame: number, seconds: number | undefined): string {
  const when = seconds === undefined ? "" : ` sampled at ${showSeconds(seconds)} seconds`;
  return `Frame ${frame + 1}${when}: `;
}

/** Texts around the labels of frames. */
export interface VideoGlue {
  /** Before the first frame. */
  readonly before: string;
  /** Between two frames. */
  readonly between: string;
  /** Labels use truncatedSeconds instead of the presentation time. */
  readonly truncates: boolean;
}

/** The data of a frame that its label uses. */
export interface LabelledFrame {
  /** Index of the frame in the file, from 0. */
  readonly index: number;
  /** Presentation time after the first frame; absent if unknown. */
  readonly seconds?: number;
}

const INTRODUCTION = "This is a video:\n";

/** Label formats by the project that uses them. The model was trained with the first. */
export const VIDEO_GLUE = Object.freeze({
  training: { before: INTRODUCTION, between: "\n", truncates: false },
  tensorrt: { before: INTRODUCTION, between: "", truncates: true },
  vllm: { before: "", between: "\n", truncates: true },
  sglang: { before: "", between: "", truncates: true },
});

export type VideoGlueName = keyof typeof VIDEO_GLUE;

/**
 * The texts before each frame's rows. Each text is tokenised separately, so pruning changes no
 * text token.
 *
 * videoFps: frames per second of the file; undefined if the request sent single frames.
 */
export function frameTexts(
  frames: readonly LabelledFrame[],
  videoFps: number | undefined,
  { before, between, truncates }: VideoGlue,
): string[][] {
  return frames.map(({ index, seconds }, frame) => {
    const glue = frame === 0 ? before : between;
    const told = truncates && videoFps !== undefined ? truncatedSeconds(index, videoFps) : seconds;
    return [glue, frameLabel(frame, told)].filter((text) => text !== "");
  });
}
