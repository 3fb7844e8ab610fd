// Decodes frames of video files with FFmpeg in a child process, so that hostile files cannot harm
// this process.

import { type FileHandle, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { findLauncher } from "../processes/launcher.ts";
import { type ChildProgram, PROGRAM_PATH, runProgram } from "../processes/program.ts";
import { type FrameSampling, type FrameWindow, sampleFrames } from "./frames.ts";
import type { RgbImage } from "./rgb-image.ts";
import { MADE_UP_TIME, ProbeReader, type VideoTrack } from "./video-probe.ts";
import { type Container, inspectVideo } from "./video-source.ts";
import { allowedDecoders, chooseTrack, type ListedTrack, TrackListing } from "./video-tracks.ts";

/** A selected frame. */
export interface ChosenFrame {
  /** Index of the frame in the file, from 0. */
  readonly index: number;
  /** Presentation time after the first frame. */
  readonly timeSeconds: number;
}

export interface VideoFrame extends ChosenFrame {
  readonly image: RgbImage;
}

/** Properties of a video from its container, before a frame is decoded. */
export interface VideoPlan {
  /** Pixels of an upright frame before resizing. */
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  /** Frames of the file. */
  readonly total: number;
  /** From the first frame to the end of the last one. */
  readonly durationSeconds: number;
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
  /** Called with the number of selected frames before the first one is decoded; may throw. */
  readonly onPlan?: (frames: number) => void;
  /** Called with each decoded frame; its result replaces the frame, which can then be freed. */
  readonly take: (frame: RgbImage) => Promise<RgbImage>;
}

/** Decodes frames of video files. */
export interface VideoDecoder {
  /** Throws VireoErrors for files that cannot be read, and the signal's reason. */
  plan(file: Uint8Array, options: PlanOptions): Promise<VideoPlan>;
  /** Throws like `plan`. Planned frames that cannot be decoded are left out. */
  decode(file: Uint8Array, options: DecodeOptions): Promise<DecodedVideo>;
}

const INPUT = "file:/dev/stdin";
/** Limits the memory of ffmpeg where the system has this program. */
const MEMORY_LIMIT = ["prlimit", `--as=${LIMITS.video.memoryBytes}`];
/** For frames later than this, decoding starts at a seek position instead of the beginning. */
const FAR_SECONDS = 30;
/** The seek position's distance before the frame: some decoders need more than one key frame. */
const RUN_UP_SECONDS = 10;

/**
 * Decodes with the ffmpeg of this machine.
 *
 * ffmpeg gets the file as standard input. It may use no network, no playlist, only the recognised
 * container format, and only decoders for the selected track. Time, pixels and memory are limited.
 */
export class FfmpegDecoder implements VideoDecoder {
  private readonly path: string;
  private launcher: Promise<readonly string[]> | undefined;

  /** path: the search path for the programs, written like PATH. */
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

  /**
   * Reads the file's properties. decodings: command lines that decode the selected frames. The
   * second one does not seek; it is for files in which the first one finds no frame.
   */
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
    this.launcher ??= findLauncher([MEMORY_LIMIT], this.path);
    const launcher = await this.launcher;
    const handles = await openForMany(file);
    const unread = handles.values();
    const ffmpeg: Launch = ({ codec, seek = [], args, timeMs }) => ({
      command: [
        ...[...launcher, "ffmpeg", "-max_alloc", String(LIMITS.video.allocationBytes)],
        ...["-nostdin", "-nostats", "-hide_banner", "-v", "info", "-copyts"],
        ...["-protocol_whitelist", "file,pipe", "-codec_whitelist", allowedDecoders(codec)],
        ...["-max_pixels", String(LIMITS.video.pixels), "-threads", "2", "-filter_threads", "1"],
        ...["-f", container, ...seek, "-i", INPUT, ...args],
      ],
      path: this.path,
      timeMs,
      input: unread.next().value!.fd,
      ...defined({ signal: options.signal }),
    });
    try {
      const { track, listed } = await probe(ffmpeg, container, file);
      const chosen = chooseFrames(track, options);
      const skipping = container === "gif" ? [] : seekArguments(track, chosen);
      const ways = skipping.length > 0 ? [skipping, []] : [[]];
      const decodings = ways.map((seek): ChildProgram => {
        const args = decodeArguments(listed, track, chosen);
        return ffmpeg({ codec: listed.codec, seek, args, timeMs: LIMITS.video.decodeMs });
      });
      return await work({ track, chosen, decodings });
    } finally {
      await Promise.all(handles.map((handle) => handle.close()));
    }
  }
}

/** Runs ffmpeg on the file; every run opens the file anew. */
type Launch = (run: {
  /** Only decoders of this format may be used; undefined: all allowed decoders. */
  readonly codec?: string;
  /** Options before the input. */
  readonly seek?: readonly string[];
  /** Options after the input. */
  readonly args: readonly string[];
  readonly timeMs: number;
}) => ChildProgram;

/**
 * Lists the file's tracks and the packets of the selected one. Frames are decoded only if the
 * container has no presentation times; no decoder is opened for other tracks.
 */
async function probe(ffmpeg: Launch, container: Container, file: Uint8Array) {
  const list = async (which: string) => {
    const [listing, reader] = [new TrackListing(), new ProbeReader()];
    const program = ffmpeg({ args: packetArguments(which), timeMs: LIMITS.video.probeMs });
    await run({
      ...program,
      onOutput: (chunk) => reader.push(chunk),
      onLine: (line) => listing.readLine(line),
    });
    return { listing, reader };
  };
  const first = await list("V:0"); // the first track that is not a cover; nearly always right
  const listed = chooseTrack(first.listing, container, file);
  const usual = first.listing.tracks.find(({ kind, isCover }) => kind === "Video" && !isCover);
  const { reader } = listed === usual ? first : await list(String(listed.index));
  if (reader.lacksTimes) {
    reader.forgetPackets();
    const args = ["-map", `0:${listed.index}`, "-vf", "showinfo=checksum=0", "-f", "null", "-"];
    const program = ffmpeg({ codec: listed.codec, args, timeMs: LIMITS.video.decodeMs });
    await run({
      ...program,
      onLine: (line) => {
        const time = shownTime(line);
        if (time !== undefined) reader.addFrame(time);
      },
    });
  }
  return { track: reader.track(listed), listed };
}

/** Copies packets into a list of times; artificial decoding times pass ffmpeg's order checks. */
function packetArguments(which: string): readonly string[] {
  const orderly = `setts=pts=PTS:dts=N${MADE_UP_TIME}`;
  return [
    ...["-map", `0:${which}`, "-c", "copy", "-copyinkf", "-copy_unknown", "-bsf:v", orderly],
    ...["-f", "framecrc", "pipe:1"],
  ];
}

/** Presentation time of a frame in the file's unit, from a line of the filter showinfo. */
function shownTime(line: string): number | undefined {
  const time = /showinfo.*\bn: *\d+ pts: *(-?\d+)/.exec(line)?.[1];
  return time === undefined ? undefined : Number(time);
}

/** Maximum runs per file: two list packets, one lists frames, two decode. */
const READERS = 5;

/** Opens a temporary copy of the file READERS times and unlinks it, so that none is left behind. */
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
    if (cause.code !== "ENOENT" && cause.code !== "EACCES") throw cause;
    throw new VireoError("unsupported_modality", NO_FFMPEG, { cause });
  });
  if (status === NOT_EXECUTABLE || status === NOT_FOUND) {
    throw new VireoError("unsupported_modality", NO_FFMPEG);
  }
  if (performance.now() - begun < program.timeMs) return;
  const limit = program.timeMs / 1000;
  const message = `the video takes more than ${limit} s to decode; send a shorter or smaller one`;
  throw new VireoError("media_too_large", message, { metadata: { limit_seconds: limit } });
}

/** Exit statuses of a launcher that cannot run the program after it. */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

const NO_FFMPEG =
  "this machine cannot decode video: it has no ffmpeg (5.1 or newer) in its PATH; " +
  "install them, on Debian with: apt-get install ffmpeg";

/**
 * Selects frames; a range between two frames selects the first one, which is shown until the
 * second. Returns indices. Throws out_of_range for a range outside of the video.
 */
function chooseFrames(track: VideoTrack, { sampling, window }: PlanOptions): readonly number[] {
  const { startSeconds = 0, endSeconds = Number.POSITIVE_INFINITY } = window ?? {};
  const { seconds, unitSeconds, fps, durationSeconds } = track;
  const half = unitSeconds / 2; // tolerance for rounding: 39 tenths of a second are 3.9
  const first = seconds.findIndex((time) => time >= startSeconds - half);
  const last = seconds.findLastIndex((time) => time <= endSeconds + half);
  if (last < 0 || endSeconds < startSeconds || startSeconds >= durationSeconds + half) {
    const length = seconds.at(-1)!.toFixed(2);
    const message = `no frame lies between start and end: the video's last is at ${length} s`;
    throw new VireoError("out_of_range", message);
  }
  const from = first < 0 || first > last ? last : first;
  return sampleFrames(last - from + 1, fps, sampling).map((index) => from + index);
}

function planOf(track: VideoTrack, chosen: readonly number[]): VideoPlan {
  const { width, height, fps, seconds, durationSeconds } = track;
  const frames = chosen.map((index) => ({ index, timeSeconds: seconds[index]! }));
  return { width, height, fps, total: seconds.length, durationSeconds, frames };
}

/** The size of decoded frames: their own, unless that is very large. */
function outputSize({ width, height }: VideoTrack): { width: number; height: number } {
  const factor = Math.min(1, Math.sqrt(LIMITS.video.framePixels / (width * height)));
  const shrunk = (side: number): number => Math.max(1, Math.floor(side * factor));
  return { width: shrunk(width), height: shrunk(height) };
}

/** Builds the sum as a tree, because ffmpeg parses sums of at most a hundred terms. */
function sumOf(terms: readonly string[]): string {
  if (terms.length <= 2) return terms.join("+");
  const half = terms.length >> 1;
  return `(${sumOf(terms.slice(0, half))})+(${sumOf(terms.slice(half))})`;
}

/** Seeks to a key frame before the first selected frame, unless it is near the start. */
function seekArguments(track: VideoTrack, chosen: readonly number[]): readonly string[] {
  const { times, unitSeconds } = track;
  const first = times[chosen[0]!]!;
  if ((first - times[0]!) * unitSeconds <= FAR_SECONDS) return [];
  const from = first * unitSeconds - RUN_UP_SECONDS;
  return ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", from.toFixed(3)];
}

/** Selects frames by time, so that an undecodable frame does not shift the others. */
function decodeArguments(
  { index }: ListedTrack,
  track: VideoTrack,
  chosen: readonly number[],
): readonly string[] {
  const { width, height } = outputSize(track);
  const wanted = sumOf(chosen.map((frame) => `eq(pts,${track.times[frame]})`));
  const filters = [
    `select='(${wanted})*not(eq(pts,prev_selected_pts))'`,
    "showinfo=checksum=0",
    `scale=${width}:${height}:flags=bicubic`,
    "format=rgb24",
  ];
  return [
    ...["-map", `0:${index}`, "-an", "-sn", "-dn"],
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
    const time = shownTime(line);
    if (time !== undefined && seen.length < chosen.length) seen.push(time);
    if (/^Unrecognized option/.test(line)) throw new VireoError("unsupported_modality", NO_FFMPEG);
  };
  await run({ ...child, onOutput, onLine });
  const byTime = new Map(chosen.map((frame) => [track.times[frame.index]!, frame]));
  return images.flatMap((image, at): VideoFrame[] => {
    const frame = byTime.get(seen[at] ?? Number.NaN);
    return frame ? [{ ...frame, image }] : [];
  });
}
