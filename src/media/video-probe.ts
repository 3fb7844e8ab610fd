import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { ListedTrack } from "./video-tracks.ts";

/** What a video file says of its pictures, before one of them is decoded. */
export interface VideoTrack {
  /** Pixels of a frame as it is shown, upright. Pixels that are not square count as stored. */
  readonly width: number;
  readonly height: number;
  /** Frames a second: of a constant rate that rate, else the mean. */
  readonly fps: number;
  readonly constantRate: boolean;
  /** Frames' presentation times in the file's own unit, ascending. */
  readonly times: readonly number[];
  /** Seconds of that unit. */
  readonly unitSeconds: number;
}

/** Flags of a packet, as FFmpeg numbers them. */
const KEY_FRAME = 1;
/** An edit list leaves the frame out. */
const DISCARDED = 4;

/**
 * Reads the list of a track's packets that FFmpeg's framecrc muxer writes, line by line: stream,
 * decoding time, presentation time, duration, size, checksum and, unless it is a bare key frame,
 * the flags. Times of decoded frames can stand in for packets' (addFrame).
 */
export class ProbeReader {
  private readonly times: number[] = [];
  private lastDuration = 0;
  private readonly header = new Map<string, string>();
  private rest = "";
  private untimed = 0;

  /** There are packets whose time is not told, as in AVI: the decoder must be asked. */
  get lacksTimes(): boolean {
    return this.untimed > 0;
  }

  /** False: there are more frames than are taken. */
  push(chunk: Buffer): boolean {
    const lines = (this.rest + chunk.toString("latin1")).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.readLine(line);
    return this.hasRoom && this.rest.length < 65_536;
  }

  private get hasRoom(): boolean {
    return this.times.length + this.untimed <= LIMITS.videoFrames;
  }

  private readLine(line: string): void {
    const [, name, value] = /^#(tb|dimensions) 0: (\S+)$/.exec(line) ?? [];
    if (name !== undefined) this.header.set(name, value!);
    if (line.startsWith("#")) return;
    const fields = line.split(",");
    const flags = Number.parseInt(/F=0x([0-9A-F]+)/.exec(line)?.[1] ?? String(KEY_FRAME), 16);
    if (fields.length < 6 || (flags & DISCARDED) !== 0) return;
    this.lastDuration = Number.parseInt(fields[3]!, 10) || this.lastDuration;
    const time = Number.parseInt(fields[2]!, 10);
    if (Number.isSafeInteger(time)) this.times.push(time);
    else this.untimed += 1;
  }

  /** Forgets packets' times; those of decoded frames follow. */
  forgetPackets(): void {
    this.times.length = 0;
    this.untimed = 0;
  }

  /** Adds the time of a decoded frame. False: there are more frames than are taken. */
  addFrame(time: number): boolean {
    this.times.push(time);
    return this.hasRoom;
  }

  /** Throws media_undecodable, media_too_large or video_too_long. */
  track({ rotation, rate = Number.NaN }: ListedTrack): VideoTrack {
    if (this.times.length > LIMITS.videoFrames) throw tooLong("frames", LIMITS.videoFrames);
    const times = [...new Set(this.times)].sort((a, b) => a - b);
    const unitSeconds = ratio(this.header.get("tb"));
    if (times.length === 0 || !(unitSeconds > 0)) {
      const message = "the video's picture track has no frames; it is damaged or was cut off";
      throw new VireoError("media_undecodable", message);
    }
    const size = this.frameSize(rotation);
    const pace = paceOf(times, unitSeconds, exactRate(rate), this.lastDuration);
    const seconds = (times.at(-1)! - times[0]!) * unitSeconds;
    if (seconds > LIMITS.videoSeconds) throw tooLong("seconds", LIMITS.videoSeconds, seconds);
    return { ...size, ...pace, times, unitSeconds };
  }

  private frameSize(rotation: number) {
    const [width = 0, height = 0] = (this.header.get("dimensions") ?? "").split("x").map(Number);
    if (!(width > 0 && height > 0)) {
      const message = "the video's frames have no width and height; the file is damaged";
      throw new VireoError("media_undecodable", message);
    }
    if (width * height > LIMITS.videoPixels) {
      const metadata = { limit: LIMITS.videoPixels, actual: width * height };
      const message =
        `the video's frames have ${width * height} pixels; the limit is ${LIMITS.videoPixels}. ` +
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

/** "1/15360" → 0.0000651; NaN for what is no ratio. */
function ratio(text: string | undefined): number {
  const [above, below] = (text ?? "").split("/").map(Number);
  return (above ?? Number.NaN) / (below ?? Number.NaN);
}

/** FFmpeg lists rates with two decimals: 23.98 stands for 24000/1001. */
function exactRate(listed: number): number {
  if (Number.isInteger(listed)) return listed;
  const broadcast = (Math.round(listed * 1.001) * 1000) / 1001;
  return Math.abs(broadcast - listed) <= 0.0051 ? broadcast : listed;
}

/** The rate that is named counts if the frames keep to it, else their mean. */
function paceOf(times: readonly number[], unitSeconds: number, named: number, last: number) {
  const first = times[0]!;
  const span = (times.at(-1)! - first) * unitSeconds;
  const keepsTo = (fps: number): boolean =>
    times.every((time, index) => Math.abs((time - first) * unitSeconds * fps - index) <= 0.5);
  const mean = times.length > 1 ? (times.length - 1) / span : Number.NaN;
  for (const fps of [named, mean]) {
    if (fps > 0 && Number.isFinite(fps) && keepsTo(fps)) return { fps, constantRate: true };
  }
  const whole = span + last * unitSeconds;
  return { fps: whole > 0 ? times.length / whole : 1, constantRate: false };
}
