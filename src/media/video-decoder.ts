// Frames of video files, decoded by FFmpeg in a child process: nothing that a stranger's file does
// to a decoder happens in this one.

import { type FileHandle, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { type ChildProgram, PROGRAM_PATH, runProgram } from "./child-program.ts";
import { type FrameSampling, type FrameWindow, frameSeconds, sampleFrames } from "./frames.ts";
import type { RgbImage } from "./image.ts";
import { FRAME_ENTRIES, PACKET_ENTRIES, ProbeReader, type VideoTrack } from "./video-probe.ts";
import { inspectVideo } from "./video-source.ts";

/** A frame that is to be looked at. */
export interface ChosenFrame {
  /** Counts the file's frames from 0. */
  readonly index: number;
  /** When it is shown, after the first frame. */
  readonly timeSeconds: number;
  /** When the prompt says that it is.                               Source: MODEL.md § Video. */
  readonly saidSeconds: number;
}

export interface VideoFrame extends ChosenFrame {
  readonly image: RgbImage;
}

/** What a file says before one of its frames is decoded. */
export interface VideoPlan {
  /** Pixels of a frame as it is shown, upright, before it was resized. */
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** Frames of the file. */
  readonly total: number;
  readonly frames: readonly ChosenFrame[];
}

export interface DecodedVideo extends VideoPlan {
  readonly frames: readonly VideoFrame[];
}

export interface PlanOptions {
  readonly sampling: FrameSampling;
  readonly window?: FrameWindow;
  readonly signal?: AbortSignal;
}

export interface DecodeOptions extends PlanOptions {
  /** Told how many frames are looked at before the first one is decoded; may throw. */
  readonly onPlan?: (frames: number) => void;
  /** Called with each frame as it arrives; what it returns is kept: no two large ones need be. */
  readonly take: (frame: RgbImage) => Promise<RgbImage>;
}

/** Whatever makes frames of a video file. */
export interface VideoDecoder {
  /** Throws VireoErrors for files that cannot be read, and the signal's reason. */
  plan(file: Uint8Array, options: PlanOptions): Promise<VideoPlan>;
  /** The same; those of the planned frames that cannot be decoded are left out. */
  decode(file: Uint8Array, options: DecodeOptions): Promise<DecodedVideo>;
}

/** Names of decoders: formats of cameras, phones and the web, and no others. */
const CODECS = [
  ...["h264", "hevc", "vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "libaom-av1"],
  ...["mpeg4", "h263", "flv", "vp6", "vp6f", "gif", "mjpeg"],
].join(",");
const INPUT = "file:/dev/stdin";
/** Frames that are shown later than this are looked for from near them on, not from the start. */
const FAR_SECONDS = 30;
/** How much earlier: some decoders need more than the last key frame. */
const RUN_UP_SECONDS = 10;

/**
 * Decodes with the ffmpeg and ffprobe of this machine.
 *
 * They get the file as their open standard input and may open nothing but files: no network, no
 * playlist, no format but the one that was recognised; time, pixels and memory are limited.
 */
export class FfmpegDecoder implements VideoDecoder {
  private readonly path: string;
  private launcher: Promise<readonly string[]> | undefined;

  /** path: folders in which the programs are looked for, as in PATH. */
  constructor(path = PROGRAM_PATH) {
    this.path = path;
  }

  async plan(file: Uint8Array, options: PlanOptions): Promise<VideoPlan> {
    return await this.probed(file, options, async ({ track, chosen }) => planOf(track, chosen));
  }

  async decode(file: Uint8Array, options: DecodeOptions): Promise<DecodedVideo> {
    return await this.probed(file, options, async ({ track, chosen, decodings }) => {
      options.onPlan?.(chosen.length);
      const plan = planOf(track, chosen);
      for (const decoding of decodings) {
        const frames = await readFrames(decoding, track, plan.frames, options.take);
        if (frames.length > 0) return { ...plan, frames };
      }
      const message = "none of the video's frames can be decoded: it is damaged or of a rare codec";
      throw new VireoError("media_undecodable", message);
    });
  }

  /** Reads what the file says of itself. decodings: programs that decode the chosen frames; the
   * second is for files in which the first, which skips what lies before them, finds none. */
  private async probed<T>(
    file: Uint8Array,
    options: PlanOptions,
    work: (found: {
      readonly track: VideoTrack;
      readonly chosen: readonly number[];
      readonly decodings: readonly ChildProgram[];
    }) => Promise<T>,
  ): Promise<T> {
    const container = inspectVideo(file);
    this.launcher ??= findLauncher(this.path);
    const launcher = await this.launcher;
    const handles = await openForMany(file);
    const unread = handles.values();
    const common = [
      ...["-protocol_whitelist", "file,pipe", "-codec_whitelist", CODECS],
      ...["-max_pixels", String(LIMITS.videoPixels), "-threads", "2", "-f", container],
    ];
    const call = (program: string, args: readonly string[], timeMs: number): ChildProgram => ({
      command: [...launcher, program, "-max_alloc", String(LIMITS.videoAllocationBytes), ...args],
      path: this.path,
      timeMs,
      input: unread.next().value!.fd,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const probe = async (entries: string, timeMs: number): Promise<ProbeReader> => {
      const reader = new ProbeReader();
      const shown = ["-select_streams", "V:0", "-show_entries", entries, "-of", "compact", INPUT];
      const probing = call("ffprobe", ["-v", "quiet", ...common, ...shown], timeMs);
      await run({ ...probing, onOutput: (chunk) => reader.push(chunk) });
      return reader;
    };
    try {
      let found = await probe(PACKET_ENTRIES, LIMITS.videoProbeMs);
      if (found.lacksTimes) found = await probe(FRAME_ENTRIES, LIMITS.videoDecodeMs);
      const track = found.track();
      const chosen = chooseFrames(track, options);
      const skipping = container === "gif" ? [] : seekArguments(track, chosen);
      const ways = skipping.length > 0 ? [skipping, []] : [[]];
      const decodings = ways.map((seek): ChildProgram => {
        const args = decodeArguments([...common, ...seek], track, chosen);
        return call("ffmpeg", args, LIMITS.videoDecodeMs);
      });
      return await work({ track, chosen, decodings });
    } finally {
      await Promise.all(handles.map((handle) => handle.close()));
    }
  }
}

/** Where there is `prlimit`, the system itself limits the programs' memory. */
async function findLauncher(path: string): Promise<readonly string[]> {
  const command = ["prlimit", `--as=${LIMITS.videoMemoryBytes}`, "true"];
  const works = await runProgram({ command, path, timeMs: 5000 }).catch(() => 1);
  return works === 0 ? command.slice(0, 2) : [];
}

/** Programs that read a file at most: two that look into it, two that decode it. */
const READERS = 4;

/** The file on disk, open for READERS and without a name, so that nothing is left of it. */
async function openForMany(file: Uint8Array): Promise<readonly FileHandle[]> {
  const folder = await mkdtemp(join(tmpdir(), "vireo-video-"));
  const name = join(folder, "video");
  try {
    await writeFile(name, file, { mode: 0o600 });
    return await Promise.all(Array.from({ length: READERS }, () => open(name)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(program: ChildProgram): Promise<void> {
  const begun = performance.now();
  const status = await runProgram(program).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw cause;
    throw new VireoError("unsupported_modality", NO_FFMPEG, { cause });
  });
  if (status === 127) throw new VireoError("unsupported_modality", NO_FFMPEG);
  if (performance.now() - begun < program.timeMs) return;
  const limit = program.timeMs / 1000;
  const message = `the video takes more than ${limit} s to decode; send a shorter or smaller one`;
  throw new VireoError("media_too_large", message, { metadata: { limit_seconds: limit } });
}

const NO_FFMPEG =
  "this machine cannot decode video: it has no ffmpeg and ffprobe (5.1 or newer) in its PATH; " +
  "install them, on Debian with: apt-get install ffmpeg";

/**
 * Indices of the frames to look at: of a stretch between two frames the first, which is shown until
 * the second. Throws out_of_range for a stretch that is not in the video.
 */
function chooseFrames(track: VideoTrack, { sampling, window }: PlanOptions): readonly number[] {
  const { startSeconds = 0, endSeconds = Number.POSITIVE_INFINITY } = window ?? {};
  const { times, unitSeconds, fps } = track;
  const secondsOf = (time: number): number => (time - times[0]!) * unitSeconds;
  const half = unitSeconds / 2; // 39 tenths of a second are 3.9, whatever floats make of it
  const first = times.findIndex((time) => secondsOf(time) >= startSeconds - half);
  const last = times.findLastIndex((time) => secondsOf(time) <= endSeconds + half);
  if (last < 0 || endSeconds < startSeconds || startSeconds >= times.length / fps + half) {
    const length = secondsOf(times.at(-1)!).toFixed(2);
    const message = `no frame lies between start and end: the video's last is at ${length} s`;
    throw new VireoError("out_of_range", message);
  }
  const from = first < 0 || first > last ? last : first;
  return sampleFrames(last - from + 1, fps, sampling).map((index) => from + index);
}

function planOf(track: VideoTrack, chosen: readonly number[]): VideoPlan {
  const { width, height, fps, times, unitSeconds, constantRate } = track;
  const frames = chosen.map((index): ChosenFrame => {
    const timeSeconds = (times[index]! - times[0]!) * unitSeconds;
    return {
      index,
      timeSeconds,
      saidSeconds: constantRate ? frameSeconds(index, fps) : timeSeconds,
    };
  });
  return { width, height, fps, total: times.length, frames };
}

/** The size in which frames leave the decoder: their own, unless that is very large. */
function outputSize({ width, height }: VideoTrack): { width: number; height: number } {
  const factor = Math.min(1, Math.sqrt(LIMITS.videoFramePixels / (width * height)));
  const shrunk = (side: number): number => Math.max(1, Math.floor(side * factor));
  return { width: shrunk(width), height: shrunk(height) };
}

/** As a tree: ffmpeg reads sums of a hundred terms at most. */
function sumOf(terms: readonly string[]): string {
  if (terms.length <= 2) return terms.join("+");
  const half = terms.length >> 1;
  return `(${sumOf(terms.slice(0, half))})+(${sumOf(terms.slice(half))})`;
}

/** Goes to a key frame before the first of the frames, by the file's index, unless that is near. */
function seekArguments(track: VideoTrack, chosen: readonly number[]): readonly string[] {
  const { times, unitSeconds } = track;
  const first = times[chosen[0]!]!;
  if ((first - times[0]!) * unitSeconds <= FAR_SECONDS) return [];
  const from = first * unitSeconds - RUN_UP_SECONDS;
  return ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", from.toFixed(3)];
}

/** Frames are told apart by their times: one that does not decode then shifts no other. */
function decodeArguments(
  common: readonly string[],
  track: VideoTrack,
  chosen: readonly number[],
): readonly string[] {
  const { width, height } = outputSize(track);
  const wanted = sumOf(chosen.map((index) => `eq(pts,${track.times[index]})`));
  const filters = [
    `select='${wanted}'`,
    "showinfo=checksum=0",
    `scale=${width}:${height}:flags=bicubic`,
    "format=rgb24",
  ];
  return [
    ...["-nostdin", "-nostats", "-hide_banner", "-v", "info", "-copyts", "-filter_threads", "1"],
    ...[...common, "-i", INPUT, "-map", "0:V:0", "-an", "-sn", "-dn"],
    ...["-vf", filters.join(","), "-fps_mode", "passthrough"],
    ...["-frames:v", String(chosen.length), "-f", "rawvideo", "pipe:1"],
  ];
}

async function readFrames(
  child: ChildProgram,
  track: VideoTrack,
  chosen: readonly ChosenFrame[],
  take: DecodeOptions["take"],
): Promise<VideoFrame[]> {
  const { width, height } = outputSize(track);
  const images: RgbImage[] = [];
  const seen: number[] = [];
  let rgb = new Uint8Array(width * height * 3);
  let filled = 0;
  const onOutput = async (chunk: Buffer): Promise<boolean> => {
    for (let from = 0; from < chunk.length; ) {
      const part = chunk.subarray(from, from + rgb.length - filled);
      rgb.set(part, filled);
      [from, filled] = [from + part.length, filled + part.length];
      if (filled < rgb.length) continue;
      images.push(await take({ rgb, width, height }));
      [rgb, filled] = [new Uint8Array(rgb.length), 0];
    }
    return images.length < chosen.length;
  };
  const onLine = (line: string): void => {
    const time = /showinfo.*\bn: *\d+ pts: *(-?\d+)/.exec(line)?.[1];
    if (time !== undefined && seen.length < chosen.length) seen.push(Number(time));
    if (/^Unrecognized option/.test(line)) throw new VireoError("unsupported_modality", NO_FFMPEG);
  };
  await run({ ...child, onOutput, onLine });
  const byTime = new Map(chosen.map((frame) => [track.times[frame.index]!, frame]));
  return images.flatMap((image, at): VideoFrame[] => {
    const frame = byTime.get(seen[at] ?? Number.NaN);
    return frame ? [{ ...frame, image }] : [];
  });
}
