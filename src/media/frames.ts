// Which frames of a video are looked at, and what the prompt says of each.

export interface FrameSampling {
  /** Frames a second at most; 0 or less: not a limit. */
  readonly fps: number;
  /** Frames at most; 0 or less: not a limit. */
  readonly maxFrames: number;
}

/** A stretch of a video, in seconds from its first frame on; both ends belong to it. */
export interface FrameWindow {
  readonly startSeconds?: number;
  readonly endSeconds?: number;
}

/** What the published serving configuration uses.              Source: MODEL.md § Video. */
export const DEFAULT_SAMPLING: FrameSampling = Object.freeze({ fps: 2, maxFrames: 128 });

/**
 * Indices of the frames that are looked at, ascending: spread evenly, the first and the last
 * included.
 *
 * total: frames of the video. videoFps: its frames a second.
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
 * Seconds that vLLM, SGLang and TensorRT-LLM tell of a frame: whole milliseconds for each frame
 * before it, so 4 % too early at 60 frames a second.            Source: MODEL.md § Video.
 */
export function truncatedSeconds(index: number, videoFps: number): number {
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
  /** Labels tell truncatedSeconds instead of the time at which a frame is shown. */
  readonly truncates: boolean;
}

/** A frame, as far as its label is concerned. */
export interface LabelledFrame {
  /** Counts the file's frames from 0. */
  readonly index: number;
  /** When it is shown, after the first frame; absent where nobody knows. */
  readonly seconds?: number;
}

const INTRODUCTION = "This is a video:\n";

/** The forms that are in use, by whose they are. The model was trained with the first. */
export const VIDEO_GLUE = Object.freeze({
  training: { before: INTRODUCTION, between: "\n", truncates: false },
  tensorrt: { before: INTRODUCTION, between: "", truncates: true },
  vllm: { before: "", between: "\n", truncates: true },
  sglang: { before: "", between: "", truncates: true },
});

export type VideoGlueName = keyof typeof VIDEO_GLUE;

/**
 * The texts before each frame's rows. Each of them is tokenised by itself, so that what is pruned
 * changes no token of a text.
 *
 * videoFps: frames a second of the file; undefined where only frames were sent.
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
