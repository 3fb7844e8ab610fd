// Formats and variants of video files, compared with the results of FFmpeg's own programs.

import { describe, expect, test } from "vitest";
import { ffmpeg, frameTimes, mp4, pattern } from "../../tests/fixtures/video-files.ts";
import { FfmpegDecoder } from "./video-decoder.ts";

const decoder = new FfmpegDecoder();
const ALL = { fps: 0, maxFrames: 0 };
const H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";
const SOUND = "-f lavfi -i sine=duration=1 -map 0 -map 1";
const SHORT = pattern("96x64", 25, 1);
const CAMCORDER = "-c:v dvvideo -pix_fmt yuv420p -c:a pcm_s16le -ar 48000 -ac 2";
const KEY = "76a6c65c5ea762046bd749a2e632ccbb";
const PROTECTED = `-encryption_scheme cenc-aes-ctr -encryption_key ${KEY} -encryption_kid ${KEY}`;
const take = async <T>(frame: T): Promise<T> => frame;

/** Every frame: its place in time as ffprobe tells it, its pixels as ffmpeg decodes them. */
async function expectSame(file: Uint8Array): Promise<void> {
  const video = await decoder.decode(file, { sampling: ALL, take });
  const { width, height, frames } = video;
  const told = frameTimes(file);
  expect(frames.map(({ index }) => index)).toEqual(told.map((_, index) => index));
  for (const { index, timeSeconds } of frames) {
    expect(Math.abs(timeSeconds - told[index]!)).toBeLessThanOrEqual(0.001);
  }
  const size = width * height * 3;
  const shown = `-i INPUT -map 0:V:0 -vf scale=${width}:${height}:flags=bicubic,format=rgb24`;
  const pixels = ffmpeg(`${shown} -fps_mode passthrough -f rawvideo`, "rgb", file);
  expect(pixels).toHaveLength(told.length * size);
  for (const { index, image } of frames) {
    const wanted = pixels.subarray(index * size, (index + 1) * size);
    expect(Buffer.compare(image.rgb, wanted), `frame ${index}`).toBe(0);
  }
}

describe("formats, with sound if they support it", () => {
  test.each([
    ["MPEG-TS, H.264", `${SHORT} ${SOUND} ${H264} -c:a aac`, "ts"],
    ["MPEG-TS, MPEG-2", `${SHORT} ${SOUND} -c:v mpeg2video -bf 2 -c:a mp2`, "ts"],
    ["MPEG-TS, HEVC", `${SHORT} ${SOUND} -c:v libx265 -x265-params log-level=0 -c:a ac3`, "ts"],
    ["M2TS", `${SHORT} ${SOUND} ${H264} -c:a ac3 -mpegts_m2ts_mode 1`, "m2ts"],
    ["MPEG-PS, MPEG-1", `${SHORT} ${SOUND} -c:v mpeg1video -c:a mp2`, "mpg"],
    ["MPEG-PS, MPEG-2", `${SHORT} ${SOUND} -c:v mpeg2video -bf 2 -c:a mp2`, "mpg"],
    ["VOB", `${SHORT} ${SOUND} -c:v mpeg2video -c:a ac3`, "vob"],
    ["OGV, Theora", `${SHORT} ${SOUND} -c:v libtheora -c:a libvorbis`, "ogv"],
    ["WMV, version 1", `${SHORT} ${SOUND} -c:v wmv1 -c:a wmav1`, "wmv"],
    ["WMV, version 2", `${SHORT} ${SOUND} -c:v wmv2 -c:a wmav2`, "wmv"],
    ["ASF, DivX 3", `${SHORT} ${SOUND} -c:v msmpeg4 -c:a libmp3lame`, "asf"],
    ["AVI, MS-MPEG 4.2", `${SHORT} -c:v msmpeg4v2`, "avi"],
    ["AVI, Motion JPEG", `${SHORT} ${SOUND} -c:v mjpeg -pix_fmt yuvj420p -c:a pcm_s16le`, "avi"],
    ["AVI, raw frames", `${SHORT} ${SOUND} -c:v rawvideo -pix_fmt bgr24 -c:a pcm_s16le`, "avi"],
    ["MOV, ProRes", `${SHORT} ${SOUND} -c:v prores_ks -profile:v 3 -c:a pcm_s24le`, "mov"],
    ["MOV, ProRes 4444 with alpha", `${SHORT} -c:v prores_ks -pix_fmt yuva444p10le`, "mov"],
    [
      "MOV, DNxHR",
      `${pattern("256x128", 25, 1)} -c:v dnxhd -profile:v dnxhr_sq -pix_fmt yuv422p`,
      "mov",
    ],
    ["MOV, PNG", `${SHORT} -c:v png`, "mov"],
    ["DV", `${pattern("720x576", 25, 1)} ${SOUND} ${CAMCORDER}`, "dv"],
    ["animated PNG", `${pattern("48x32", 10, 1)} -f apng`, "png"],
    [
      "MP4, HEVC with 10 bits",
      `${SHORT} -c:v libx265 -pix_fmt yuv420p10le -x265-params log-level=0 -tag:v hvc1`,
      "mp4",
    ],
    [
      "WebM, VP9 with alpha",
      `${SHORT} -c:v libvpx-vp9 -deadline realtime -pix_fmt yuva420p`,
      "webm",
    ],
    [
      "WebM, VP8 without a length",
      `${SHORT} ${SOUND} -c:v libvpx -deadline realtime -c:a libopus -live 1`,
      "webm",
    ],
    ["MP4, 4:4:4", `${SHORT} -c:v libx264 -pix_fmt yuv444p`, "mp4"],
    ["MP4, interlaced", `${SHORT} -c:v libx264 -flags +ilme+ildct -pix_fmt yuv420p`, "mp4"],
    [
      "MP4, hybrid fragments",
      `${SHORT} ${SOUND} ${H264} -c:a aac -movflags frag_keyframe+empty_moov -g 5`,
      "mp4",
    ],
    ["MPEG-TS, interlaced MPEG-2", `${SHORT} -c:v mpeg2video -flags +ilme+ildct -bf 2`, "ts"],
    [
      "GIF of two colours",
      `${pattern("33x17", 10, 1)} -vf format=gray,format=monob,format=pal8`,
      "gif",
    ],
    ["3GP, MPEG-4", `${SHORT} ${SOUND} -c:v mpeg4 -c:a aac`, "3gp"],
  ])("%s", async (_, args, extension) => {
    await expectSame(ffmpeg(args, extension));
  });
});

describe("shapes", () => {
  test.each([
    [
      "odd sides",
      "-f lavfi -i testsrc=size=97x63:rate=10:duration=1 -c:v libx264 -pix_fmt yuv444p",
      [97, 63],
    ],
    ["one pixel high", `${pattern("64x2", 10, 1)} -c:v mpeg4`, [64, 2]],
    ["pixels that are not square", `${pattern("96x64", 10, 1)} -vf setsar=16/11 ${H264}`, [96, 64]],
    ["cropped by its codec", `${pattern("1000x550", 5, 1)} ${H264}`, [1000, 550]],
  ] as const)("%s", async (_, args, sides) => {
    const file = ffmpeg(args, "mp4");
    const { width, height } = await decoder.plan(file, { sampling: ALL });
    expect([width, height]).toEqual(sides);
    await expectSame(file);
  });

  test.each([
    ["upright", [1, 0, 0, 1], [96, 64]],
    ["turned right", [0, 1, -1, 0], [64, 96]],
    ["turned left", [0, -1, 1, 0], [64, 96]],
    ["upside down", [-1, 0, 0, -1], [96, 64]],
    ["mirrored", [-1, 0, 0, 1], [96, 64]],
    ["mirrored and turned", [0, 1, 1, 0], [64, 96]],
  ] as const)("a display matrix: %s", async (_, [a, b, c, d], sides) => {
    const file = Buffer.from(mp4("96x64", 10, 1));
    const matrix = file.indexOf("tkhd") + 4 + 40; // behind version, times, id, layer and volume
    for (const [at, value] of [
      [0, a],
      [4, b],
      [12, c],
      [16, d],
    ] as const) {
      file.writeInt32BE(value * 65_536, matrix + at);
    }
    const { width, height } = await decoder.plan(file, { sampling: ALL });
    expect([width, height]).toEqual(sides);
    await expectSame(file);
  });
});

describe("unsupported formats are named", () => {
  const refusal = async (file: Uint8Array) =>
    await decoder.decode(file, { sampling: ALL, take }).catch((error) => error);
  const SOUND_ONLY = "-f lavfi -i sine=duration=1";
  const cover =
    "-f lavfi -i color=red:size=32x32:rate=1:duration=1 -map 0 -map 1 -frames:v 1 -c:v png";
  const unknown = (): Buffer => {
    const file = Buffer.from(mp4());
    file.write("zzz1", file.lastIndexOf("avc1"), "latin1");
    return file;
  };
  const fake = (start: string) => (): Buffer =>
    Buffer.concat([Buffer.from(start, "latin1"), Buffer.alloc(500)]);
  test.each<[string, RegExp, () => Uint8Array]>([
    ["a codec", /codec ffv1 is not decoded/, () => ffmpeg(`${SHORT} -c:v ffv1`, "mkv")],
    ["another codec", /codec jpeg2000 is not/, () => ffmpeg(`${SHORT} -c:v jpeg2000`, "mov")],
    [
      "a codec beside sound",
      /codec snow is not/,
      () => ffmpeg(`${SHORT} ${SOUND} -c:v snow -strict -2 -c:a aac`, "mkv"),
    ],
    ["a codec that nobody knows", /codec zzz1 is not decoded/, unknown],
    ["sound", /sound but no picture track/, () => ffmpeg(`${SOUND_ONLY} -c:a aac`, "mp4")],
    [
      "sound in OGG",
      /sound but no picture track/,
      () => ffmpeg(`${SOUND_ONLY} -c:a libvorbis`, "ogg"),
    ],
    [
      "sound with a cover",
      /sound but no picture track/,
      () => ffmpeg(`${SOUND_ONLY} ${cover} -disposition:v attached_pic -c:a aac`, "mp4"),
    ],
    [
      "subtitles",
      /no picture track/,
      () =>
        ffmpeg(
          "-f srt -i INPUT -c:s mov_text",
          "mp4",
          Buffer.from("1\n00:00:00,000 --> 00:00:01,000\nHi\n"),
        ),
    ],
    ["a missing index", /index \(moov\) is missing/, () => mp4().subarray(0, 4000)],
    [
      "encryption",
      /encrypted \(DRM\)/,
      () => ffmpeg(`-i INPUT -c copy ${PROTECTED}`, "mp4", mp4()),
    ],
    ["MXF", /MXF is not read/, fake("\x06\x0e\x2b\x34\x02\x05\x01\x01")],
    ["RealMedia", /RealMedia is not read/, fake(".RMF")],
    [
      "raw H.264",
      /raw H\.264 stream without a container/,
      () => ffmpeg(`${SHORT} ${H264}`, "h264"),
    ],
    [
      "raw HEVC",
      /raw HEVC stream/,
      () => ffmpeg(`${SHORT} -c:v libx265 -x265-params log-level=0`, "hevc"),
    ],
    ["IVF", /IVF is not read/, () => ffmpeg(`${SHORT} -c:v libvpx -deadline realtime`, "ivf")],
    ["Y4M", /Y4M/, () => ffmpeg(`${SHORT} -pix_fmt yuv420p`, "y4m")],
    ["animated WebP", /WebP/, () => ffmpeg(`${SHORT} -c:v libwebp_anim`, "webp")],
    ["MP3", /sound is not read/, () => ffmpeg(`${SOUND_ONLY} -c:a libmp3lame`, "mp3")],
  ])("%s", async (_, message, make) => {
    const error = await refusal(make());
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/damaged|\/tmp|0x/);
    expect(error.code).toMatch(/^(media_undecodable|unsupported_media_type)$/);
  });
});
