// Video files as people have them, made by ffmpeg.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made = new Map<string, Buffer>();

/** The bytes of what ffmpeg makes with these arguments; `input` is a file that they call INPUT. */
export function ffmpeg(args: string, extension: string, input?: Uint8Array): Buffer {
  const content = createHash("sha256")
    .update(input ?? "")
    .digest("hex");
  const key = `${args} ${extension} ${content}`;
  const known = made.get(key);
  if (known) return known;
  const folder = mkdtempSync(join(tmpdir(), "vireo-make-"));
  try {
    const source = join(folder, "input");
    if (input) writeFileSync(source, input);
    const output = join(folder, `output.${extension}`);
    const words = args.split(" ").map((word) => (word === "INPUT" ? source : word));
    execFileSync("ffmpeg", ["-v", "error", "-y", ...words, output]);
    made.set(key, readFileSync(output));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return made.get(key)!;
}

/** A moving picture, as lavfi describes it. */
export function pattern(size = "96x64", rate = 30, seconds = 3): string {
  return `-f lavfi -i testsrc2=size=${size}:rate=${rate}:duration=${seconds}`;
}

const H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -threads 1";

/** H.264 in MP4. */
export function mp4(size?: string, rate?: number, seconds?: number, options = ""): Buffer {
  return ffmpeg(`${pattern(size, rate, seconds)} ${H264}${options}`, "mp4");
}

/** Every container and codec that is taken, 3 s at 30 frames a second. */
export const FILES: Readonly<Record<string, () => Buffer>> = {
  "MP4, H.264 with B-frames": () =>
    ffmpeg(`${pattern()} -c:v libx264 -bf 3 -g 15 -pix_fmt yuv420p`, "mp4"),
  "MP4, H.264, index at the front": () => mp4("96x64", 30, 3, " -movflags +faststart"),
  "MP4, fragmented": () => mp4("96x64", 30, 3, " -movflags frag_keyframe+empty_moov"),
  "MP4, HEVC": () => ffmpeg(`${pattern()} -c:v libx265 -x265-params log-level=0`, "mp4"),
  "MP4, AV1": () => ffmpeg(`${pattern()} -c:v libaom-av1 -cpu-used 8 -usage realtime`, "mp4"),
  "MOV, MPEG-4": () => ffmpeg(`${pattern()} -c:v mpeg4`, "mov"),
  "MOV, Motion JPEG": () => ffmpeg(`${pattern()} -c:v mjpeg -pix_fmt yuvj420p`, "mov"),
  "MKV, VP9": () => ffmpeg(`${pattern()} -c:v libvpx-vp9 -deadline realtime`, "mkv"),
  "MKV, H.264, 10 bits": () =>
    ffmpeg(`${pattern()} -c:v libx264 -preset ultrafast -pix_fmt yuv420p10le`, "mkv"),
  "WebM, VP8": () => ffmpeg(`${pattern()} -c:v libvpx -deadline realtime`, "webm"),
  "FLV, H.264": () => ffmpeg(`${pattern()} ${H264}`, "flv"),
  "FLV, Sorenson": () => ffmpeg(`${pattern()} -c:v flv1`, "flv"),
  "3GP, H.263": () => ffmpeg(`${pattern("176x144")} -c:v h263`, "3gp"),
  "AVI, H.264": () => ffmpeg(`${pattern()} -c:v libx264 -bf 2 -pix_fmt yuv420p`, "avi"),
  "AVI, MPEG-4 with B-frames": () => ffmpeg(`${pattern()} -c:v mpeg4 -bf 2`, "avi"),
  "AVI, MPEG-4": () => ffmpeg(`${pattern()} -c:v mpeg4`, "avi"),
  GIF: () => ffmpeg(pattern("96x64", 20), "gif"),
};

/** Presentation times of the frames that ffmpeg shows, in seconds, as ffprobe tells them. */
export function frameTimes(file: Uint8Array): number[] {
  const folder = mkdtempSync(join(tmpdir(), "vireo-probe-"));
  try {
    const path = join(folder, "video");
    writeFileSync(path, file);
    const asked = "-v error -select_streams V:0 -show_entries frame=best_effort_timestamp_time";
    const options = [...asked.split(" "), "-of", "csv=p=0", path];
    const told = execFileSync("ffprobe", options, { stdio: ["ignore", "pipe", "ignore"] });
    const times: number[] = [];
    for (const line of String(told).split("\n")) {
      const time = Number.parseFloat(line);
      if (Number.isNaN(time) && !line.startsWith("N/A")) continue;
      // the last ones of an AVI are shown without their times
      const [before = 0, last = 0] = times.slice(-2);
      times.push(Number.isFinite(time) ? time : 2 * last - before);
    }
    return times.map((time) => time - times[0]!);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
