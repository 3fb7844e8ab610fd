import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { ListedTrack } from "./video-tracks.ts";

/** Properties of a video's picture track, before a frame is decoded. */
export interface VideoTrack {
  /** Pixels of an upright frame. Non-square pixels count as stored. */
  readonly width: number;
  readonly height: number;
  /** Frames per second: the constant rate, else the mean. */
  readonly fps: number;
  /** Presentation times of the frames in the file's time base, ascending. */
  readonly times: readonly number[];
  /** The same in seconds after the first frame: the clock for all reported times. */
  readonly seconds: readonly number[];
  /** The file's time base in seconds. */
  readonly unitSeconds: number;
  /** From the first frame to the end of the last one. */
  readonly durationSeconds: number;
}

/** Start of the artificial decoding times of listed packets, which only sort them. */
export const MADE_UP_TIME = -1_000_000_000_000_000;

/** FFmpeg's packet flags. */
const KEY_FRAME = 1;
/** An edit list drops the frame. */
const DISCARDED = 4;

/**
 * Reads the list of a track's packets that FFmpeg's framecrc muxer writes, line by line: stream,
 * decoding time, presentation time, duration, size, checksum and, unless it is a bare key frame,
 * the flags. Times of decoded frames can stand in for packets' (addFrame).
 */
export class ProbeReader {
  private readonly times: number[] = [];
  /** Duration of the packet with the last presentation time, in the file's time base. */
  private last = { time: Number.NEGATIVE_INFINITY, duration: 0 };
  /** The first key frame's time, and whether frames with earlier times may follow it. */
  private begin: { readonly time: number; leads: boolean } | undefined;
  private readonly header = new Map<string, string>();
  private rest = "";
  private untimed = 0;

  /** Whether packets lack presentation times, as in AVI, so that frames must be decoded. */
  get lacksTimes(): boolean {
    return this.untimed > 0;
  }

  /** False: there are more frames than the limit. */
  push(chunk: Buffer): boolean {
    const lines = (this.rest + chunk.toString("latin1")).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.readLine(line);
    return this.hasRoom && this.rest.length < 65_536;
  }

  private get hasRoom(): boolean {
    return this.times.length + this.untimed <= LIMITS.video.frames;
  }

  private readLine(line: string): void {
    const [, name, value] = /^#(tb|dimensions) 0: (\S+)$/.exec(line) ?? [];
    if (name !== undefined) this.header.set(name, value!);
    if (line.startsWith("#")) return;
    const fields = line.split(",");
    const flags = Number.parseInt(/F=0x([0-9A-F]+)/.exec(line)?.[1] ?? String(KEY_FRAME), 16);
    if (fields.length < 6) return;
    const [time, duration] = [Number(fields[2]), Number(fields[3])];
    // without a presentation time, FFmpeg prints an artificial one
    const isTimed = Number.isSafeInteger(time) && time >= 0.9 * MADE_UP_TIME;
    const decodes = !isTimed || this.isDecodable(time, (flags & KEY_FRAME) !== 0);
    if (!decodes || (flags & DISCARDED) !== 0) return;
    if (!isTimed) this.untimed += 1;
    else {
      this.times.push(time);
      if (time >= this.last.time) this.last = { time, duration };
    }
  }

  /**
   * A cut recording begins with frames that need a missing key frame: those before the first key
   * frame, and those after it with earlier presentation times. Decoders skip them.
   */
  private isDecodable(time: number, isKey: boolean): boolean {
    if (isKey && this.begin === undefined) {
      this.begin = { time, leads: true };
      this.times.length = 0;
    }
    if (this.begin !== undefined && time > this.begin.time) this.begin.leads = false;
    return !(this.begin?.leads && time < this.begin.time);
  }

  /** Drops the packets' times; times of decoded frames follow. */
  forgetPackets(): void {
    this.times.length = 0;
    this.untimed = 0;
  }

  /** Adds the time of a decoded frame. False: there are more frames than the limit. */
  addFrame(time: number): boolean {
    this.times.push(time);
    return this.hasRoom;
  }

  /** Throws media_undecodable, media_too_large or video_too_long. */
  track({ rotation, rate = Number.NaN }: ListedTrack): VideoTrack {
    if (this.times.length > LIMITS.video.frames) throw tooLong("frames", LIMITS.video.frames);
    const times = [...new Set(this.times)].sort((a, b) => a - b);
    const unit = ratio(this.header.get("tb"));
    if (times.length === 0 || !(unit.above > 0 && unit.below > 0)) {
      const message = "the video's picture track has no frames; it is damaged or was cut off";
      throw new VireoError("media_undecodable", message);
    }
    const size = this.frameSize(rotation);
    // one division rounds once: 11250 / 90,000 is exactly 0.125, a tie when it is printed
    const shown = times.map((time) => ((time - times[0]!) * unit.above) / unit.below);
    const span = shown.at(-1)!;
    if (span > LIMITS.video.seconds) throw tooLong("seconds", LIMITS.video.seconds, span);
    const unitSeconds = unit.above / unit.below;
    const lastSeconds = this.last.duration * unitSeconds;
    const pace = paceOf(shown, unitSeconds, exactRate(rate), lastSeconds);
    return { ...size, ...pace, times, unitSeconds };
  }

  private frameSize(rotation: number) {
    const [width = 0, height = 0] = (this.header.get("dimensions") ?? "").split("x").map(Number);
    if (!(width > 0 && height > 0)) {
      const message = "the video's frames have no width and height; the file is damaged";
      throw new VireoError("media_undecodable", message);
    }
    if (width * height > LIMITS.video.pixels) {
      const metadata = { limit: LIMITS.video.pixels, actual: width * height };
      const message =
        `the video's frames have ${width * height} pixels; the limit is ${LIMITS.video.pixels}. ` +
        "Send a smaller one";
      throw new VireoError("media_too_large", message, { metadata });
    }
    const turned = Math.abs((Math.abs(rotation) % 180) - 90) < 1;
    return turned ? { width: height, height: width } : { width, height };
  }
}

function tooLong(unit: string, limit: number, actual?: number): VireoError {
  const has = actual === undefined ? `more than ${limit}` : String(Math.round(actual));
  const message = `the video has ${has} ${unit}; the limit is ${limit}. Send a part of it`;
  return new VireoError("video_too_long", message, { metadata: { limit } });
}

/** "1/15360" → 1 and 15360; NaN for malformed text. */
function ratio(text = ""): { readonly above: number; readonly below: number } {
  const [above = Number.NaN, below = Number.NaN] = text.split("/").map(Number);
  return { above, below };
}

/** FFmpeg lists rates with two decimals: 23.98 stands for 24000/1001. */
function exactRate(listed: number): number {
  if (Number.isInteger(listed)) return listed;
  const broadcast = (Math.round(listed * 1.001) * 1000) / 1001;
  return Math.abs(broadcast - listed) <= 0.0051 ? broadcast : listed;
}

/** Coarsest time base in seconds that rounds frame times, as in MKV, FLV and ASF. */
const COARSE_SECONDS = 0.001;

/**
 * Determines the frame rate and exact frame times. The declared rate is used if all frames match
 * it within half a frame, else the mean. If the frames match a rate as well as milliseconds allow,
 * their times are computed from the rate.
 *
 * shown: seconds after the first frame. lastSeconds: duration of the last frame.
 */
function paceOf(
  shown: readonly number[],
  unitSeconds: number,
  named: number,
  lastSeconds: number,
): Pick<VideoTrack, "fps" | "seconds" | "durationSeconds"> {
  const span = shown.at(-1)!;
  const count = shown.length;
  const keepsTo = (fps: number, tolerance: number): boolean =>
    shown.every((time, index) => Math.abs(time - index / fps) <= tolerance);
  const mean = count > 1 ? (count - 1) / span : Number.NaN;
  const rates = [named, mean].filter((fps) => fps > 0 && Number.isFinite(fps));
  if (unitSeconds <= COARSE_SECONDS) {
    const exact = rates.find((fps) => keepsTo(fps, unitSeconds * 1.001));
    if (exact !== undefined) {
      const seconds = shown.map((_, index) => index / exact);
      return paced(exact, seconds, Math.max(lastSeconds, 1 / exact));
    }
  }
  const steady = rates.find((fps) => keepsTo(fps, 0.5 / fps));
  if (steady !== undefined) return paced(steady, shown, Math.max(lastSeconds, 1 / steady));
  const whole = span + lastSeconds;
  return paced(whole > 0 ? count / whole : 1, shown, lastSeconds);
}

function paced(fps: number, seconds: readonly number[], lastSeconds: number) {
  return { fps, seconds, durationSeconds: seconds.at(-1)! + lastSeconds };
}
