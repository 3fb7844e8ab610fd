import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

/** What a video file says of its pictures, before one of them is decoded. */
export interface VideoTrack {
  /** Pixels of a frame as it is shown, upright. */
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

const STREAM_ENTRIES = "stream=width,height,time_base,r_frame_rate:stream_side_data=rotation";
/** What ffprobe is asked for: packets, since reading them costs no decoding. */
export const PACKET_ENTRIES = `${STREAM_ENTRIES}:packet=pts,duration,flags`;
/** Frames, where packets do not say when they are shown. */
export const FRAME_ENTRIES = `${STREAM_ENTRIES}:frame=best_effort_timestamp`;

/** Reads what ffprobe writes in its compact form, line by line. */
export class ProbeReader {
  private readonly times: number[] = [];
  private lastDuration = 0;
  private stream: ReadonlyMap<string, string> | undefined;
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
    const frames = this.times.length + this.untimed;
    return frames <= LIMITS.videoFrames && this.rest.length < 65_536;
  }

  private readLine(line: string): void {
    const [section, ...entries] = line.split("|");
    const fields = new Map(entries.map((entry) => entry.split("=", 2) as [string, string]));
    if (section === "stream") this.stream ??= fields;
    if (section === "frame") {
      const time = Number.parseInt(fields.get("best_effort_timestamp") ?? "", 10);
      // the last frames that a decoder gives out may be told without their times
      const [before = 0, last = 0] = this.times.slice(-2);
      if (Number.isSafeInteger(time)) this.times.push(time);
      else if (this.times.length > 1) this.times.push(2 * last - before);
    }
    // "D": an edit list leaves it out
    if (section !== "packet" || fields.get("flags")?.includes("D")) return;
    const time = Number.parseInt(fields.get("pts") ?? "", 10);
    this.lastDuration = Number.parseInt(fields.get("duration") ?? "", 10) || this.lastDuration;
    if (Number.isSafeInteger(time)) this.times.push(time);
    else this.untimed += 1;
  }

  /** Throws media_undecodable, media_too_large or video_too_long. */
  track(): VideoTrack {
    if (this.times.length > LIMITS.videoFrames) throw tooLong("frames", LIMITS.videoFrames);
    const times = [...new Set(this.times)].sort((a, b) => a - b);
    const unitSeconds = ratio(this.stream?.get("time_base"));
    if (this.stream === undefined || times.length === 0 || !(unitSeconds > 0)) {
      const message = "the file holds no video that can be read: it is damaged, cut or only sound";
      throw new VireoError("media_undecodable", message);
    }
    const size = this.frameSize(this.stream);
    const named = ratio(this.stream.get("r_frame_rate"));
    const pace = paceOf(times, unitSeconds, named, this.lastDuration);
    const seconds = (times.at(-1)! - times[0]!) * unitSeconds;
    if (seconds > LIMITS.videoSeconds) throw tooLong("seconds", LIMITS.videoSeconds, seconds);
    return { ...size, ...pace, times, unitSeconds };
  }

  private frameSize(stream: ReadonlyMap<string, string>) {
    const [width, height] = ["width", "height"].map((name) => Number(stream.get(name))) as [
      number,
      number,
    ];
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
    const turned = Math.abs((Math.abs(Number(stream.get("rotation") ?? 0)) % 180) - 90) < 1;
    return turned ? { width: height, height: width } : { width, height };
  }
}

function tooLong(unit: string, limit: number, actual?: number): VireoError {
  const has = actual === undefined ? `more than ${limit}` : String(Math.round(actual));
  const message = `the video has ${has} ${unit}; the limit is ${limit}. Send a part of it`;
  return new VireoError("video_too_long", message, { metadata: { limit } });
}

/** "30000/1001" → 29.97; NaN for what is no ratio. */
function ratio(text: string | undefined): number {
  const [above, below] = (text ?? "").split("/").map(Number);
  return (above ?? Number.NaN) / (below ?? Number.NaN);
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
