// Needs: ffmpeg.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { FILES, ffmpeg, frameTimes, mp4, pattern } from "../../tests/fixtures/video-files.ts";
import { PROGRAM_PATH } from "../processes/program.ts";
import { DEFAULT_SAMPLING, type FrameSampling, type FrameWindow } from "./frames.ts";
import type { RgbImage } from "./rgb-image.ts";
import { type DecodedVideo, FfmpegDecoder } from "./video-decoder.ts";
import { ProbeReader } from "./video-probe.ts";

const decoder = new FfmpegDecoder();
const decode = (
  file: Uint8Array,
  sampling: FrameSampling = DEFAULT_SAMPLING,
  window: FrameWindow = {},
  signal?: AbortSignal,
): Promise<DecodedVideo> =>
  decoder.decode(file, {
    sampling,
    window,
    take: async (frame) => frame,
    ...(signal && { signal }),
  });
const ALL: FrameSampling = { fps: 0, maxFrames: 0 };
const indices = ({ frames }: DecodedVideo) => frames.map(({ index }) => index);
const times = ({ frames }: DecodedVideo) => frames.map(({ timeSeconds }) => timeSeconds);

/** ffprobe tells the file's own times, which MKV and FLV round to milliseconds. */
function expectTimes(video: DecodedVideo, file: Uint8Array): void {
  const told = frameTimes(file);
  expect(video.total).toBe(told.length);
  times(video).forEach((time, at) => {
    expect(Math.abs(time - told[video.frames[at]!.index]!)).toBeLessThanOrEqual(0.001);
  });
}

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

  test("a picture track that cannot be decoded gives way to one that can", async () => {
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

  test("128 of a longer video, 1024 if asked for", async () => {
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

  test("of a stretch between two frames, the one that is shown then", async () => {
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

  test("frames that change their size keep the first one's", async () => {
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

  test("what was cut off is missing, what is there counts", async () => {
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

test("a video of too many frames is said to be too long", () => {
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

  test("whoever does not want it any more stops it, and nothing is left", async () => {
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

  test("without ffmpeg it says how to get it", async () => {
    const nowhere = new FfmpegDecoder("/nowhere");
    const options = { sampling: ALL, take: async (frame: RgbImage) => frame };
    const work = nowhere.decode(mp4(), options);
    await expect(work).rejects.toMatchObject({
      code: "unsupported_modality",
      message: expect.stringContaining("apt-get install ffmpeg"),
    });
  });
});
