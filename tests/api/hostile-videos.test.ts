// Needs: ffmpeg.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { FILES, ffmpeg, mp4, pattern } from "../fixtures/video-files.ts";
import { ask, post, setUpTarget, type Target } from "./attacked.ts";
import { gif } from "./hostile-pictures.ts";

// Videos that lie, and files that are none, sent to a real server. Each gets its declared answer in
// time, with nothing of the inside in it, and after each the next person is answered as ever.

let target: Target;
let rssBefore: number;
beforeAll(async () => {
  target = await setUpTarget();
  rssBefore = process.memoryUsage.rss();
});
afterAll(async () => {
  await target.close();
  expect(process.memoryUsage.rss() - rssBefore).toBeLessThan(500 * 2 ** 20);
});
afterEach(() => target.expectHealthy());

async function outcome(file: Uint8Array | string, changes: object = {}): Promise<string> {
  const url =
    typeof file === "string"
      ? file
      : `data:video/mp4;base64,${Buffer.from(file).toString("base64")}`;
  const { status, body } = await post(
    target.locked,
    ask([{ type: "video_url", video_url: { url } }], changes),
  );
  return body.error === undefined ? String(status) : `${status} ${body.error.code}`;
}

type Row = readonly [what: string, expected: string, make: () => Uint8Array];

const NO_VIDEO = "415 unsupported_media_type";
const BROKEN = "422 media_undecodable";

/** The file with another number at so many bytes behind the first place of a word. */
function lie(file: Uint8Array, word: string, behind: number, value: number): Buffer {
  const changed = Buffer.from(file);
  changed.writeUInt32BE(value >>> 0, changed.indexOf(word) + behind);
  return changed;
}

function largeGif(): Buffer {
  const file = gif(2);
  file.writeUInt32LE(2 ** 32 - 1, 6);
  return file;
}

describe("files", () => {
  test.each<Row>([
    ["a playlist", NO_VIDEO, () => Buffer.from("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")],
    ["a list", NO_VIDEO, () => Buffer.from("ffconcat version 1.0\nfile /etc/passwd\n")],
    ["a session description", NO_VIDEO, () => Buffer.from("v=0\no=- 0 0 IN IP4 127.0.0.1\n")],
    ["a stream manifest", NO_VIDEO, () => Buffer.from("<?xml version='1.0'?><MPD></MPD>")],
    ["a web page", NO_VIDEO, () => Buffer.from("<!doctype html>")],
    ["a picture", NO_VIDEO, () => Buffer.from("\x89PNG\r\n\x1a\n", "latin1")],
    ["subtitles", NO_VIDEO, () => Buffer.from("1\n00:00:00,000 --> 00:00:01,000\nHi\n")],
    ["sound", NO_VIDEO, () => ffmpeg("-f lavfi -i sine=duration=1", "wav")],
    ["sound in MP4", BROKEN, () => ffmpeg("-f lavfi -i sine=duration=1 -c:a aac", "mp4")],
    ["sound in MKV", BROKEN, () => ffmpeg("-f lavfi -i sine=duration=1 -c:a aac", "mkv")],
    ["nothing but a head", BROKEN, () => Buffer.from("0000001866747970", "hex")],
    [
      "an animated PNG without pixels",
      NO_VIDEO,
      () => Buffer.from("\x89PNG\r\n\x1a\n\0", "latin1"),
    ],
    ["a rare codec", BROKEN, () => ffmpeg(`${pattern("32x32", 5, 1)} -c:v ffv1`, "mkv")],
    ["JPEG 2000", BROKEN, () => ffmpeg(`${pattern("32x32", 5, 1)} -c:v jpeg2000`, "mov")],
    ["a GIF of 10,000 frames", "200", () => gif(10_000)],
    ["a box of 4 GB", "200|422", () => lie(mp4(), "moov", -4, 2 ** 32 - 1)],
    ["a box of 9 bytes", "200|422", () => lie(mp4(), "trak", -4, 9)],
    ["a box of itself", "200|422", () => lie(mp4(), "trak", -4, 0)],
    ["4 billion samples", "200|422|413", () => lie(mp4(), "stsz", 12, 2 ** 32 - 1)],
    ["4 billion durations", "200|422|413", () => lie(mp4(), "stts", 8, 2 ** 32 - 1)],
    ["frames of 13 hours", "200|422|413", () => lie(mp4(), "stts", 16, 2 ** 30)],
    ["samples behind the end", "200|422", () => lie(mp4(), "stco", 12, 2 ** 31)],
    ["a time base of 0", "200|422", () => lie(mp4(), "mdhd", 16, 0)],
    ["a file that names another", "200|422", () => lie(mp4(), "url ", 4, 0)],
    ["frames of 65535 × 65535", "200|422|413", () => lie(mp4(), "avc1", 28, 2 ** 32 - 1)],
    ["a GIF of 65535 × 65535", "413|422", () => largeGif()],
  ])("%s: %s", async (_, expected, make) => {
    expect(await outcome(make())).toMatch(new RegExp(`^(${expected})`));
  });
});

describe("damaged", () => {
  const WAYS: Readonly<Record<string, (file: Buffer) => Uint8Array>> = {
    "a tenth": (file) => file.subarray(0, file.length / 10),
    "a half": (file) => file.subarray(0, file.length / 2),
    "all but the end": (file) => file.subarray(0, -16),
    "no first KB": (file) => file.subarray(1024),
    "noise in the middle": (file) => withNoise(file, 0.4, 0.6),
    "noise at the end": (file) => withNoise(file, 0.8, 1),
    "single bytes": (file) => withErrors(file),
  };
  const withNoise = (file: Buffer, from: number, to: number): Buffer => {
    const changed = Buffer.from(file);
    const [first, last] = [from, to].map((part) => Math.floor(part * file.length));
    for (let at = first!; at < last!; at++) changed[at] = (at * 7919) >> 3;
    return changed;
  };
  const withErrors = (file: Buffer): Buffer => {
    const changed = Buffer.from(file);
    for (let at = 97; at < file.length; at += 97) changed[at] = (at * 31) & 255;
    return changed;
  };
  const rows = Object.entries(FILES).flatMap(([name, make]) =>
    Object.entries(WAYS).map(([way, damage]) => [name, way, () => damage(make())] as const),
  );
  test.each(rows)("%s, %s", async (_, __, make) => {
    expect(await outcome(make())).toMatch(
      /^(200|422 media_undecodable|415 unsupported_media_type|413 video_too_long)$/,
    );
  });
});

describe("links and numbers", () => {
  test.each([
    ["file:///etc/passwd", "400 invalid_media"],
    ["concat:/etc/passwd|/etc/group", "400 invalid_media"],
    ["pipe:0", "400 invalid_media"],
    ["rtsp://127.0.0.1/x", "400 invalid_media"],
    ["http://169.254.169.254/clip.mp4", "400 media_fetch_blocked"],
    ["data:video/mp4;base64,", "400 invalid_media"],
    ["data:video/mp4;base64,-_-_", "400 invalid_media"],
    ["data:audio/wav;base64,AAAA", "400 unsupported_modality"],
    ["data:video/jpeg;base64,AAAA,AAAA", "415 unsupported_media_type"],
    [`data:video/jpeg;base64,${"AAAA,".repeat(4999)}AAAA`, "413 media_too_large"],
  ])("%s", async (url, expected) => {
    expect(await outcome(url)).toBe(expected);
  });

  test.each([-2, 0, 1e9, 1.5, "128"])("%j frames", async (num_frames) => {
    const changes = { media_io_kwargs: { video: { num_frames } } };
    expect(await outcome(mp4(), changes)).toMatch(/^400 (out_of_range|invalid_type)$/);
  });

  test.each([0, -2, 1e9, "2"])("%j frames a second", async (fps) => {
    const changes = { media_io_kwargs: { video: { fps } } };
    expect(await outcome(mp4(), changes)).toMatch(/^400 (out_of_range|invalid_type)$/);
  });

  test("a stretch behind the end", async () => {
    const changes = { media_io_kwargs: { video: { start: 100 } } };
    expect(await outcome(mp4(), changes)).toBe("400 out_of_range");
  });
});
