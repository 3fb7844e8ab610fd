// Needs: ffmpeg.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ALL, decode, indices, times } from "../../tests/fixtures/decoded-videos.ts";
import { ffmpeg, mp4, pattern } from "../../tests/fixtures/video-files.ts";
import { PROGRAM_PATH } from "../processes/program.ts";
import { DEFAULT_SAMPLING } from "./frames.ts";
import type { RgbImage } from "./rgb-image.ts";
import { FfmpegDecoder } from "./video-decoder.ts";

describe("which frames", () => {
  test("are the ones that ffmpeg shows at those places", async () => {
    const file = mp4("64x48", 30, 1);
    const { frames } = await decode(file, { fps: 0, maxFrames: 4 });
    expect(frames.map(({ index }) => index)).toEqual([0, 9, 19, 29]);
    const raw = "-i INPUT -fps_mode passthrough -pix_fmt rgb24 -f rawvideo";
    const all = ffmpeg(raw, "rgb", file);
    for (const { index, image } of frames) {
      const size = 64 * 48 * 3;
      const expected = all.subarray(index * size, (index + 1) * size);
      expect(Buffer.compare(image.rgb, expected), `frame ${index}`).toBe(0);
    }
  });

  test.each<[number, number, number[], number]>([
    [30, 10, [0, 15, 31, 47, 62, 78], 20],
    [25, 4, [0, 14, 28, 42, 56, 70], 8],
    [60, 2, [0, 39, 79, 119], 4],
  ])("%i frames a second, %i s", async (rate, seconds, begin, count) => {
    const video = await decode(mp4("32x32", rate, seconds));
    expect(video.frames).toHaveLength(count);
    expect(indices(video).slice(0, 6)).toEqual(begin);
    expect(indices(video).at(-1)).toBe(rate * seconds - 1);
    for (const { index, timeSeconds } of video.frames) expect(timeSeconds).toBe(index / rate);
  });

  test("128 of a longer video, 1024 on request", async () => {
    const file = mp4("16x16", 30, 70);
    const video = await decode(file);
    expect(indices(video).slice(0, 4)).toEqual([0, 16, 33, 49]);
    expect(video.frames).toHaveLength(128);
    expect((await decode(file, { fps: 0, maxFrames: 1024 })).frames).toHaveLength(1024);
  });

  test("of a stretch", async () => {
    const file = mp4("32x32", 10, 6);
    const part = await decode(file, DEFAULT_SAMPLING, { startSeconds: 2, endSeconds: 3.9 });
    expect(indices(part)).toEqual([20, 26, 32, 39]);
    const rest = await decode(file, { fps: 0, maxFrames: 2 }, { startSeconds: 5 });
    expect(indices(rest)).toEqual([50, 59]);
    for (const window of [{ startSeconds: 7 }, { startSeconds: 2, endSeconds: 1 }]) {
      const wrong = decode(file, DEFAULT_SAMPLING, window);
      await expect(wrong).rejects.toMatchObject({ code: "out_of_range", message: /5\.90 s/ });
    }
  });

  test("for a window between two frames, the frame that is visible then", async () => {
    const file = mp4("32x32", 0.2, 20);
    const shown = await decode(file, DEFAULT_SAMPLING, { startSeconds: 6, endSeconds: 9 });
    expect([indices(shown), times(shown)]).toEqual([[1], [5]]);
    const last = await decode(file, DEFAULT_SAMPLING, { startSeconds: 19 });
    expect(indices(last)).toEqual([3]);
    const after = decode(file, DEFAULT_SAMPLING, { startSeconds: 20.5 });
    await expect(after).rejects.toMatchObject({ code: "out_of_range" });
  });

  const LATE: Readonly<Record<string, readonly [extension: string, codec: string]>> = {
    "MP4, H.264 with B-frames": ["mp4", "-c:v libx264 -bf 3 -g 37"],
    "MP4, one key frame": ["mp4", "-c:v libx264 -preset ultrafast -g 1000"],
    "MP4, fragmented": ["mp4", "-c:v libx264 -movflags frag_keyframe+empty_moov -g 20"],
    "MP4, HEVC": ["mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=0:keyint=25"],
    "MKV, VP9": ["mkv", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"],
    "MKV without an index": ["mkv", "-c:v libx264 -g 30 -live 1"],
    "FLV, H.264": ["flv", "-c:v libx264 -g 30"],
    "AVI, MPEG-4": ["avi", "-c:v mpeg4"],
    "AVI, H.264": ["avi", "-c:v libx264 -g 30"],
    GIF: ["gif", "-c:v gif"],
    "MPEG-TS, H.264": ["ts", "-c:v libx264 -bf 2 -g 30"],
    "MPEG-TS whose clock wraps around": ["ts", "-c:v libx264 -g 50 -output_ts_offset 95430"],
    "WMV, version 2": ["wmv", "-c:v wmv2"],
  };
  test.each(Object.entries(LATE))("late ones: %s", async (_, [extension, codec]) => {
    const file = ffmpeg(`${pattern("32x32", 10, 45)} ${codec}`, extension);
    const window = { startSeconds: 41.9, endSeconds: 43.1 };
    const part = await decode(file, ALL, window);
    expect(indices(part)).toEqual(Array.from({ length: 13 }, (_, at) => 419 + at));
    const whole = await decode(file, ALL);
    for (const { index, image } of part.frames) {
      expect(Buffer.compare(image.rgb, whole.frames[index]!.image.rgb), `frame ${index}`).toBe(0);
    }
  });

  test("late ones of a file in which nothing can be skipped", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vireo-programs-"));
    try {
      const blind = '#!/bin/sh\ncase "$*" in *" -ss "*) exit 0; esac\nexec /usr/bin/ffmpeg "$@"\n';
      writeFileSync(join(folder, "ffmpeg"), blind, { mode: 0o755 });
      const limited = new FfmpegDecoder(`${folder}:${PROGRAM_PATH}`);
      const sampling = { fps: 0, maxFrames: 1 };
      const options = { sampling, take: async (frame: RgbImage) => frame };
      const file = mp4("32x32", 10, 45);
      const window = { startSeconds: 40 };
      expect(indices(await limited.decode(file, { ...options, window }))).toEqual([400]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("a single one", async () => {
    const video = await decode(mp4("32x32", 30, 0.03));
    expect([video.total, indices(video), times(video)]).toEqual([1, [0], [0]]);
  });
});
