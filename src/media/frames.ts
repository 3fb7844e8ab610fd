// Which frames of a video are looked at, and what the prompt says of each.

export interface FrameSampling {
  /** Frames a second at most; 0 or less: not a limit. */
  readonly fps: number;
  /** Frames at most; 0 or less: not a limit. */
  readonly framesMax: number;
}

/** A stretch of a video, in seconds from its first frame on; both ends belong to it. */
export interface FrameWindow {
  readonly startSeconds?: number;
  readonly endSeconds?: number;
}

/** What the published serving configuration uses.              Source: MODEL.md § Video. */
export const DEFAULT_SAMPLING: FrameSampling = Object.freeze({ fps: 2, framesMax: 128 });

/**
 * Indices of the frames that are looked at, ascending: spread evenly, the first and the last
 * included.
 *
 * total: frames of the video. videoFps: its frames a second.
 */
export function sampleFrames(
  total: number,
  videoFps: number,
  { fps, framesMax }: FrameSampling = DEFAULT_SAMPLING,
): number[] {
  const most = framesMax > 0 ? Math.min(framesMax, total) : total;
  const paced = fps > 0 ? Math.floor((total / videoFps) * fps) : most;
  const count = Math.max(1, Math.min(most, paced));
  if (count === total) return Array.from({ length: total }, (_, index) => index);
  if (count === 1) return [0];
  const step = (total - 1) / (count - 1);
  return Array.from({ length: count }, (_, k) => {
    return k === count - 1 ? total - 1 : Math.trunc(k * step);
  });
}

/** Seconds at which a frame is said to be: whole milliseconds a frame, as the reference counts. */
export function frameSeconds(index: number, videoFps: number): number {
  return (index * Math.trunc(1000 / videoFps)) / 1000;
}

/** Two decimals, exact ties to even: 0.125 → "0.12", where toFixed says "0.13". */
export function showSeconds(seconds: number): string {
  const eighths = seconds * 8; // only odd eighths lie exactly between two hundredths
  if (!Number.isInteger(eighths) || eighths % 2 === 0) return seconds.toFixed(2);
  const below = Math.floor(seconds * 100);
  return ((below % 2 === 0 ? below : below + 1) / 100).toFixed(2);
}

/** The text before frame number `frame` (from 0). Undefined seconds: nobody knows when it was. */
export function frameLabel(frame: number, seconds: number | undefined): string {
  const when = seconds === undefined ? "" : ` sampled at ${showSeconds(seconds)} seconds`;
  return `Frame ${frame + 1}${when}: `;
}

/** What stands around the labels of frames. */
export interface VideoGlue {
  /** Before the first frame. */
  readonly before: string;
  /** Between two frames. */
  readonly between: string;
}

const INTRODUCTION = "This is a video:\n";

/** The forms that are in use, by whose they are. The model was trained with the first. */
export const VIDEO_GLUE = Object.freeze({
  training: { before: INTRODUCTION, between: "\n" },
  tensorrt: { before: INTRODUCTION, between: "" },
  vllm: { before: "", between: "\n" },
  sglang: { before: "", between: "" },
});

export type VideoGlueName = keyof typeof VIDEO_GLUE;

/**
 * The texts before each frame's rows. Each of them is tokenised by itself, so that what is pruned
 * changes no token of a text.
 */
export function frameTexts(
  seconds: readonly (number | undefined)[],
  { before, between }: VideoGlue,
): string[][] {
  return seconds.map((second, frame) => {
    const glue = frame === 0 ? before : between;
    return [glue, frameLabel(frame, second)].filter((text) => text !== "");
  });
}
