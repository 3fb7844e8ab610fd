// Needs: ffmpeg.
// The presentation times of frames, compared with those that ffprobe reports.

import { describe, expect, test } from "vitest";
import { ffmpeg, frameTimes, mp4, pattern } from "../../tests/fixtures/video-files.ts";
import { frameLabel } from "./frames.ts";
import { FfmpegDecoder } from "./video-decoder.ts";

const decoder = new FfmpegDecoder();
const ALL = { fps: 0, maxFrames: 0 };
const H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";
const take = async <T>(frame: T): Promise<T> => frame;

/** The clock of a file, checked against ffprobe's, to half a millisecond or the file's own unit. */
async function clockOf(file: Uint8Array, tolerance = 0.001): Promise<readonly number[]> {
  const { frames, total } = await decoder.decode(file, { sampling: ALL, take });
  const told = frameTimes(file);
  expect(total).toBe(told.length);
  expect(frames).toHaveLength(told.length);
  frames.forEach(({ timeSeconds, index }) => {
    expect(Math.abs(timeSeconds - told[index]!), `frame ${index}`).toBeLessThanOrEqual(tolerance);
  });
  return frames.map(({ timeSeconds }) => timeSeconds);
}

describe("constant rates", () => {
  test.each([
    ["24000/1001", 36, "mp4"],
    ["24000/1001", 36, "mkv"],
    ["30000/1001", 36, "flv"],
    ["60000/1001", 61, "ts"],
    ["60", 60, "mp4"],
    ["50", 50, "avi"],
    ["48", 48, "mkv"],
    ["15", 15, "mov"],
    ["8", 8, "mp4"],
    ["1", 3, "mp4"],
    ["1/10", 3, "mp4"],
    ["1/60", 3, "mkv"],
    ["240", 24, "mp4"],
    ["1200", 120, "mp4"],
    ["1000", 90, "mkv"],
  ])("%s frames a second in %s", async (rate, count, extension) => {
    const source = `-f lavfi -i testsrc2=size=32x32:rate=${rate} -frames:v ${count}`;
    const file = ffmpeg(`${source} ${H264}`, extension);
    const [above = 1, below = 1] = rate.split("/").map(Number);
    const clock = await clockOf(file);
    for (const [index, seconds] of clock.entries()) {
      expect(seconds).toBeCloseTo((index * below) / above, 6);
    }
    const { fps, durationSeconds } = await decoder.plan(file, { sampling: ALL });
    expect(fps).toBeCloseTo(above / below, 3);
    expect(durationSeconds).toBeCloseTo((count * below) / above, 2);
  });

  test("1,440 frames at 24000/1001: the last one is at 60.018 s", async () => {
    const source = "-f lavfi -i testsrc2=size=16x16:rate=24000/1001 -frames:v 1440";
    const file = ffmpeg(`${source} ${H264}`, "mp4");
    const { frames } = await decoder.plan(file, { sampling: { fps: 2, maxFrames: 128 } });
    expect(frames.at(-1)?.index).toBe(1439);
    expect(frames.at(-1)?.timeSeconds).toBeCloseTo(60.018, 3);
    expect(frameLabel(119, frames.at(-1)?.timeSeconds)).toMatch(/ sampled at 60\.02 seconds/);
  });

  test("ties are exact: 1/8 s is printed as 0.12", async () => {
    for (const extension of ["mp4", "mkv", "ts", "avi"]) {
      const file = ffmpeg(`${pattern("32x32", 8, 2)} ${H264} -bf 0`, extension);
      const { frames } = await decoder.plan(file, { sampling: ALL });
      const told = frames.slice(0, 4).map(({ timeSeconds }) => frameLabel(0, timeSeconds));
      expect(told).toEqual(
        ["0.00", "0.12", "0.25", "0.38"].map((t) => `Frame 1 sampled at ${t} seconds: `),
      );
    }
  });

  test("a window of 100 to 102 s has frames of 100 to 102 s", async () => {
    const window = { startSeconds: 100, endSeconds: 102 };
    for (const rate of [60, "24000/1001", 12]) {
      const source = `-f lavfi -i testsrc2=size=16x16:rate=${rate}:duration=104`;
      const file = ffmpeg(`${source} ${H264}`, "mp4");
      const { frames } = await decoder.decode(file, { sampling: ALL, window, take });
      const seconds = frames.map(({ timeSeconds }) => timeSeconds);
      expect(seconds[0]).toBeCloseTo(100, 1);
      expect(seconds.at(-1)).toBeCloseTo(102, 1);
      for (const time of seconds) expect(time >= 99.999 && time <= 102.001).toBe(true);
    }
  });
});

describe("unusual clocks", () => {
  const cut = `${pattern("32x32", 30, 2)} ${H264}`;
  const withSound = (offset: string, codecs: string) =>
    `-f lavfi -i sine=duration=3 ${offset} ${pattern("32x32", 30, 2)} -map 1 -map 0 ${codecs}`;
  const slow = "-vf setpts='if(lt(N,20),N,20+(N-20)*3)/30/TB' -fps_mode vfr";
  test.each<[string, () => Buffer]>([
    [
      "sound before pictures in MP4",
      () => ffmpeg(withSound("-itsoffset 1.5", `${H264} -c:a aac`), "mp4"),
    ],
    [
      "sound before pictures in MKV",
      () => ffmpeg(withSound("-itsoffset 1.5", `${H264} -c:a aac`), "mkv"),
    ],
    [
      "sound before pictures in TS",
      () => ffmpeg(withSound("-itsoffset 1.5", `${H264} -c:a aac`), "ts"),
    ],
    ["a start at an hour", () => ffmpeg(`${cut} -output_ts_offset 3600`, "mkv")],
    [
      "a start below 0 in MP4",
      () => ffmpeg("-ss 0.7 -i INPUT -c copy", "mp4", ffmpeg(`${cut} -g 10 -bf 2`, "mp4")),
    ],
    [
      "time stamps of MPEG-TS that wrap around",
      () => ffmpeg(`${cut} -output_ts_offset 95442.5 -muxdelay 0`, "ts"),
    ],
    [
      "a rate that varies, in MP4",
      () => ffmpeg(`${pattern("32x32", 30, 2)} ${slow} -c:v libx264 -bf 2`, "mp4"),
    ],
    [
      "a rate that varies, in WebM",
      () => ffmpeg(`${pattern("32x32", 30, 2)} ${slow} -c:v libvpx -deadline realtime`, "webm"),
    ],
    ["a rate that varies, in GIF", () => ffmpeg(`${pattern("32x32", 10, 2)} ${slow}`, "gif")],
    [
      "a fragmented MP4 of a recorder",
      () =>
        ffmpeg(
          `${cut} -g 10 -movflags frag_keyframe+empty_moov+default_base_moof -output_ts_offset 7`,
          "mp4",
        ),
    ],
    [
      "MKV without durations, as browsers record it",
      () => ffmpeg(`${pattern("32x32", 30, 2)} -c:v libvpx -deadline realtime -live 1`, "webm"),
    ],
  ])("%s", async (_, make) => {
    const clock = await clockOf(make());
    expect(clock[0]).toBe(0);
    expect(clock).toEqual([...clock].sort((a, b) => a - b));
  });

  test.each([
    ["H.264", "-c:v libx264 -bf 2 -g 30"],
    ["MPEG-2 with open groups", "-c:v mpeg2video -bf 2 -g 12"],
  ])("a recording that begins between two key frames: %s", async (_, codec) => {
    const whole = ffmpeg(`${pattern("32x32", 25, 6)} ${codec}`, "ts");
    const packets = Math.floor(whole.length / 188 / 3);
    const clock = await clockOf(whole.subarray(packets * 188));
    expect(clock[0]).toBe(0);
    expect(clock.length).toBeLessThan(140);
  });

  test("a still picture lasts to the end of its only frame", async () => {
    const file = ffmpeg(
      "-f lavfi -i color=red:size=32x32:rate=1/10:duration=10 -c:v libx264",
      "mp4",
    );
    const { durationSeconds, total } = await decoder.plan(file, { sampling: ALL });
    expect([durationSeconds, total]).toEqual([10, 1]);
    const window = { startSeconds: 6, endSeconds: 8 };
    const { frames } = await decoder.decode(file, { sampling: ALL, window, take });
    expect(frames.map(({ index }) => index)).toEqual([0]);
  });

  test("the last frame of a GIF counts as long as it is shown", async () => {
    const held = "-f lavfi -i testsrc2=size=32x32:rate=10:duration=1 -final_delay 500";
    const { durationSeconds } = await decoder.plan(ffmpeg(held, "gif"), { sampling: ALL });
    expect(durationSeconds).toBeCloseTo(5.9, 1);
  });

  test("frames with the same time stamp are one, and none behind them is lost", async () => {
    const plain = ffmpeg(`${pattern("32x32", 10, 2)} -c:v mpeg4 -bf 0`, "mkv");
    const doubled = "setts=ts='if(eq(N,5),PREV_OUTPTS,PTS)'";
    const file = ffmpeg(`-i INPUT -c copy -bsf:v ${doubled}`, "mkv", plain);
    expect(frameTimes(file)).toHaveLength(20);
    const { frames, total } = await decoder.decode(file, { sampling: ALL, take });
    expect([frames.length, total]).toEqual([19, 19]);
    expect(frames.at(-1)?.timeSeconds).toBeCloseTo(1.9, 3);
  });

  test("the times of 1200 frames in one second have two decimals", async () => {
    const file = mp4("16x16", 1200, 1);
    const { frames } = await decoder.plan(file, { sampling: { fps: 0, maxFrames: 5 } });
    expect(frames.map(({ timeSeconds }) => timeSeconds.toFixed(2))).toEqual([
      ...["0.00", "0.25", "0.50", "0.75", "1.00"],
    ]);
  });
});
