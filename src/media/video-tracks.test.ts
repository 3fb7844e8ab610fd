// Needs: ffmpeg.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { decode, expectTimes } from "../../tests/fixtures/decoded-videos.ts";
import { ffmpeg, pattern } from "../../tests/fixtures/video-files.ts";
import { PROGRAM_PATH } from "../processes/program.ts";
import { DEFAULT_SAMPLING } from "./frames.ts";
import type { RgbImage } from "./rgb-image.ts";
import { FfmpegDecoder } from "./video-decoder.ts";

describe("tracks beside the pictures are ignored", () => {
  const silent = "-f lavfi -i sine=duration=3:sample_rate=44100 -map 0 -map 1";
  const H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";
  const SOUND: readonly (readonly [extension: string, video: string, sound: string])[] = [
    ["mp4", H264, "aac"],
    ["mp4", H264, "libmp3lame"],
    ["mp4", H264, "ac3"],
    ["mp4", H264, "libopus"],
    ["mp4", H264, "flac -strict -2"],
    ["mp4", H264, "alac"],
    ["mov", H264, "pcm_s16le"],
    ["mov", H264, "pcm_s24be"],
    ["3gp", H264, "aac"],
    ["mkv", H264, "libvorbis"],
    ["mkv", H264, "eac3"],
    ["mkv", H264, "dca -strict -2"],
    ["mkv", H264, "truehd -strict -2"],
    ["webm", "-c:v libvpx -deadline realtime", "libopus"],
    ["webm", "-c:v libvpx-vp9 -deadline realtime", "libvorbis"],
    ["flv", H264, "aac"],
    ["flv", "-c:v flv1", "libmp3lame"],
    ["avi", "-c:v mpeg4", "libmp3lame"],
    ["avi", "-c:v mpeg4", "pcm_s16le"],
  ];
  test.each(SOUND)("%s with %s and sound in %s", async (extension, video, sound) => {
    const file = ffmpeg(`${pattern()} ${silent} ${video} -c:a ${sound}`, extension);
    const mute = ffmpeg(`-i INPUT -map 0:v -c copy`, extension, file);
    const found = await decode(file);
    expectTimes(found, file);
    expect([found.width, found.height, found.total]).toEqual([96, 64, 90]);
    expect(Math.abs(found.fps - 30)).toBeLessThan(0.5); // AVI with MP3 begins with an empty packet
    const alone = await decode(mute);
    found.frames.forEach(({ image }, at) => {
      expect(Buffer.compare(image.rgb, alone.frames[at]!.image.rgb), `frame ${at}`).toBe(0);
    });
  });

  test("subtitles, data, chapters and fonts", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vireo-tracks-"));
    try {
      const [srt, chapters, font] = ["s.srt", "c.txt", "f.ttf"].map((name) => join(folder, name));
      writeFileSync(srt!, "1\n00:00:00,500 --> 00:00:02,000\nHello\n");
      const chapter = "[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=2\ntitle=One\n";
      writeFileSync(chapters!, `;FFMETADATA1\n${chapter}`);
      writeFileSync(font!, "not a font at all");
      const beside = `-i ${srt} -i ${chapters} -map 0 -map 1 -map_chapters 2 ${H264}`;
      const files = [
        ffmpeg(`${pattern()} ${beside} -c:s mov_text -timecode 00:00:00:00`, "mp4"),
        ffmpeg(`${pattern()} ${beside} -c:s mov_text -timecode 00:00:00:00`, "mov"),
        ffmpeg(
          `${pattern()} ${beside} -c:s ass -attach ${font} -metadata:s:t mimetype=font/ttf`,
          "mkv",
        ),
        ffmpeg(`${pattern()} -i ${srt} -map 0 -map 1 -c:v libvpx -c:s webvtt`, "webm"),
      ];
      for (const file of files) {
        const found = await decode(file);
        expectTimes(found, file);
        expect(found.frames).toHaveLength(6);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const RED = "-f lavfi -i color=red:size=320x320:rate=1:duration=1";
  test.each([
    ["PNG", "png"],
    ["JPEG", "mjpeg"],
  ])("a cover in %s", async (_, codec) => {
    const cover = `-map 1 -c:v:1 ${codec} -disposition:v:1 attached_pic -frames:v:1 1`;
    const inMp4 = ffmpeg(`${pattern()} ${RED} ${H264} -map 0 ${cover}`, "mp4");
    const picture = join(mkdtempSync(join(tmpdir(), "vireo-cover-")), `cover.${codec}`);
    try {
      writeFileSync(picture, ffmpeg(`${RED} -frames:v 1 -c:v ${codec} -f image2`, "img"));
      const type = `-metadata:s:t mimetype=image/${codec === "png" ? "png" : "jpeg"}`;
      const inMkv = ffmpeg(`${pattern()} ${H264} -attach ${picture} ${type}`, "mkv");
      for (const file of [inMp4, inMkv]) {
        const found = await decode(file);
        expect([found.width, found.height, found.total]).toEqual([96, 64, 90]);
      }
    } finally {
      rmSync(dirname(picture), { recursive: true });
    }
  });

  const TWO = `${pattern("96x64")} -f lavfi -i testsrc=size=64x32:rate=10:duration=2 -map 0 -map 1`;
  test.each([
    ["the first is the default one", "-disposition:v:0 default -disposition:v:1 0", [96, 64, 90]],
    ["the second is the default one", "-disposition:v:0 0 -disposition:v:1 default", [64, 32, 20]],
    ["neither is the default one", "-disposition:v:0 0 -disposition:v:1 0", [96, 64, 90]],
  ])("two picture tracks, %s", async (_, dispositions, expected) => {
    const file = ffmpeg(`${TWO} ${H264} ${dispositions} -default_mode passthrough`, "mkv");
    const found = await decode(file);
    expect([found.width, found.height, found.total]).toEqual(expected);
  });

  test("a track that can be decoded replaces one that cannot", async () => {
    const file = ffmpeg(`${TWO} -c:v:0 ffv1 -c:v:1 libx264 -disposition:v:0 default`, "mkv");
    const found = await decode(file);
    expect([found.width, found.height, found.total]).toEqual([64, 32, 20]);
  });

  test("no decoder of another track is opened", async () => {
    const folder = mkdtempSync(join(tmpdir(), "vireo-programs-"));
    try {
      const log = join(folder, "log");
      const script = `#!/bin/sh\necho "$*" >>${log}\nexec /usr/bin/ffmpeg "$@"\n`;
      writeFileSync(join(folder, "ffmpeg"), script, { mode: 0o755 });
      const logged = new FfmpegDecoder(`${folder}:${PROGRAM_PATH}`);
      const take = async (frame: RgbImage) => frame;
      const file = ffmpeg(`${pattern()} ${silent} ${H264} -c:a aac`, "mp4");
      await logged.decode(file, { sampling: DEFAULT_SAMPLING, take });
      const calls = readFileSync(log, "utf8").trim().split("\n");
      expect(calls).toHaveLength(2);
      expect(calls[0]).toMatch(/-c copy /);
      for (const call of calls)
        expect(call).not.toMatch(/-codec_whitelist \S*(aac|mp3|pcm|vorbis)/);
      expect(calls[1]).toMatch(/-codec_whitelist h264 .*-map 0:0 -an -sn -dn/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
