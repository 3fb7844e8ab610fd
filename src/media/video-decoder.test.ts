// Needs: ffmpeg.
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, test } from "vitest";
import {
  ALL,
  decode,
  decoder,
  expectTimes,
  indices,
  times,
} from "../../tests/fixtures/decoded-videos.ts";
import { FILES, ffmpeg, mp4, pattern } from "../../tests/fixtures/video-files.ts";
import type { RgbImage } from "./rgb-image.ts";
import { FfmpegDecoder } from "./video-decoder.ts";
import { ProbeReader } from "./video-probe.ts";

describe("containers and codecs", () => {
  test.each(Object.entries(FILES))("%s", async (name, make) => {
    const file = make();
    const video = await decode(file);
    expectTimes(video, file);
    const rate = name === "GIF" ? 20 : 30;
    expect(video.fps).toBeCloseTo(rate, 1);
    expect(video.total).toBe(3 * rate);
    expect(indices(video)).toEqual(rate === 30 ? [0, 17, 35, 53, 71, 89] : [0, 11, 23, 35, 47, 59]);
    for (const { image } of video.frames) {
      expect(image.rgb).toHaveLength(video.width * video.height * 3);
    }
    const every = await decode(file, ALL);
    expect(indices(every)).toEqual(Array.from({ length: 3 * rate }, (_, index) => index));
  });
});

describe("unusual files", () => {
  test("a variable frame rate", async () => {
    const slower = `${pattern("32x32", 30, 3)} -vf setpts='if(lt(N,30),N,30+(N-30)*4)/30/TB'`;
    const file = ffmpeg(`${slower} -fps_mode vfr -c:v libx264 -bf 2`, "mkv");
    const video = await decode(file, ALL);
    expectTimes(video, file);
    expect(times(video).at(-1)).toBeCloseTo(266 / 30, 2);
    expect((await decode(file)).frames).toHaveLength(17);
  });

  test("an edit list leaves frames out", async () => {
    const whole = ffmpeg(`${pattern("32x32", 30, 3)} -c:v libx264 -g 15 -bf 2`, "mp4");
    const file = ffmpeg("-ss 0.6 -i INPUT -c copy", "mp4", whole);
    const video = await decode(file, ALL);
    expectTimes(video, file);
    expect(video.total).toBeLessThan(90);
    expect(video.frames).toHaveLength(video.total);
  });

  test.each([90, 180, 270])("turned by %i degrees", async (degrees) => {
    const file = ffmpeg(`-i INPUT -c copy -metadata:s:v rotate=${degrees}`, "mov", mp4("96x64"));
    const video = await decode(file);
    const sides = [video.width, video.height];
    expect(sides).toEqual(degrees === 180 ? [96, 64] : [64, 96]);
    const upright = ffmpeg("-i INPUT -frames:v 1 -pix_fmt rgb24 -f rawvideo", "rgb", file);
    expect(Buffer.compare(video.frames[0]!.image.rgb, upright)).toBe(0);
  });

  test("frames that change their size are scaled to the first one's", async () => {
    const parts = [mp4("96x64", 30, 1), mp4("48x32", 30, 1)].map((part) =>
      ffmpeg("-i INPUT -c copy -bsf:v h264_mp4toannexb -f h264", "h264", part),
    );
    const file = ffmpeg("-f h264 -i INPUT -c copy", "mkv", Buffer.concat(parts));
    const video = await decode(file);
    expect(new Set(video.frames.map(({ image }) => image.rgb.length))).toEqual(
      new Set([video.width * video.height * 3]),
    );
  });

  test("frames above the limit of pixels are made smaller", async () => {
    const file = ffmpeg(`${pattern("4096x4096", 1, 1)} -c:v mpeg4`, "mp4");
    const { frames, width, height } = await decode(file);
    expect([width, height]).toEqual([4096, 4096]);
    expect([frames[0]?.image.width, frames[0]?.image.height]).toEqual([3072, 3072]);
  });

  test("a truncated file has the frames before the cut", async () => {
    const whole = mp4("96x64", 30, 3, " -movflags +faststart");
    const video = await decode(whole.subarray(0, whole.length / 2));
    expect(video.total).toBeLessThan(90);
    expect(video.frames.length).toBeGreaterThan(0);
    const matroska = FILES["MKV, VP9"]!();
    const half = await decode(matroska.subarray(0, matroska.length / 2));
    expect(half.frames.length).toBeGreaterThan(0);
  });

  test("a damaged part is left out", async () => {
    const whole = Buffer.from(mp4("96x64", 30, 3, " -movflags +faststart -g 10"));
    const tenth = Math.floor(whole.length / 10);
    whole.fill(0x55, 4 * tenth, 6 * tenth);
    const video = await decode(whole, ALL);
    expect(video.total).toBe(90);
    expect(video.frames.length).toBeGreaterThan(20);
    expect(indices(video)).toEqual(indices(video).toSorted((a, b) => a - b));
  });
});

test("a video with too many frames is refused as too long", () => {
  const reader = new ProbeReader();
  const line = "0, 1, 1, 1, 100, 0x00000000\n";
  let more = true;
  while (more) more = reader.push(Buffer.from(line.repeat(10_000)));
  const listed = { index: 0, kind: "Video", codec: "h264", isDefault: true } as const;
  expect(() => reader.track({ ...listed, isCover: false, rotation: 0 })).toThrow(
    /more than 500000 frames/,
  );
});

describe("files that are refused", () => {
  const sound = (): Buffer => ffmpeg("-f lavfi -i sine=duration=1 -c:a aac", "mp4");
  const half = (): Buffer => mp4().subarray(0, 4000);
  test.each<[string, string, () => Uint8Array]>([
    ["nothing", "invalid_media", () => new Uint8Array()],
    ["text", "unsupported_media_type", () => Buffer.from("what is this?")],
    ["a playlist", "unsupported_media_type", () => Buffer.from("#EXTM3U\n/etc/passwd\n")],
    ["a list of files", "unsupported_media_type", () => Buffer.from("ffconcat version 1.0\n")],
    ["a stream description", "unsupported_media_type", () => Buffer.from("v=0\no=- 0 0\n")],
    ["a picture", "unsupported_media_type", () => Buffer.from("\x89PNG\r\n\x1a\n", "latin1")],
    ["sound", "media_undecodable", sound],
    ["an index that was cut off", "media_undecodable", half],
    ["a head without a body", "media_undecodable", () => mp4().subarray(0, 24)],
    ["noise after a head", "media_undecodable", () => noise("\x1aE\xdf\xa3")],
    ["noise that begins like FLV", "media_undecodable", () => noise("FLV\x01")],
    ["noise that begins like a GIF", "media_undecodable", () => noise("GIF89a")],
    ["a codec that is not let in", "media_undecodable", () => rare()],
    ["frames of 65535 × 65535", "media_too_large|media_undecodable", () => gif(65_535, 65_535)],
  ])("%s: %s", async (_, code, make) => {
    const error = await decode(make()).catch((thrown) => thrown);
    expect(error.code).toMatch(new RegExp(`^(${code})$`));
  });

  const noise = (start: string): Buffer =>
    Buffer.concat([Buffer.from(start, "latin1"), Buffer.alloc(50_000, "noise")]);
  const rare = (): Buffer => ffmpeg(`${pattern("32x32", 5, 1)} -c:v ffv1`, "mkv");
  const gif = (width: number, height: number): Buffer => {
    const file = Buffer.from(ffmpeg(pattern("16x16", 5, 1), "gif"));
    file.writeUInt16LE(width, 6);
    file.writeUInt16LE(height, 8);
    return file;
  };

  test("a file that names another", async () => {
    const file = Buffer.from(mp4());
    const entry = file.indexOf("url \0\0\0\x01");
    file.writeUInt32BE(0, entry + 4); // the samples are elsewhere, says the flag that is gone now
    const error = await decode(file).catch((thrown) => thrown);
    expect(error.code ?? "decoded").toMatch(/^(media_undecodable|decoded)$/);
  });
});

describe("around the decoder", () => {
  const leftOver = () => readdirSync(tmpdir()).filter((name) => name.startsWith("vireo-video-"));

  test("aborting stops the decoder and leaves nothing behind", async () => {
    const file = mp4("640x360", 30, 20);
    const gone = new AbortController();
    const work = decode(file, ALL, {}, gone.signal);
    setTimeout(() => gone.abort(new Error("gone")), 100);
    await expect(work).rejects.toThrow("gone");
    expect(leftOver()).toEqual([]);
  });

  test("an error while resizing stops it", async () => {
    const take = async (): Promise<RgbImage> => {
      throw new Error("no more");
    };
    const work = decoder.decode(mp4(), { sampling: ALL, take });
    await expect(work).rejects.toThrow("no more");
  });

  test("without ffmpeg the error says how to install it", async () => {
    const nowhere = new FfmpegDecoder("/nowhere");
    const options = { sampling: ALL, take: async (frame: RgbImage) => frame };
    const work = nowhere.decode(mp4(), options);
    await expect(work).rejects.toMatchObject({
      code: "unsupported_modality",
      message: expect.stringContaining("apt-get install ffmpeg"),
    });
  });
});
