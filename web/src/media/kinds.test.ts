import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { isMovingGif, kindOf } from "./kinds.ts";

test.each([
  ["a.mp4", "video/mp4", "video", "video/mp4"],
  ["a.MKV", "", "video", "video/x-matroska"],
  ["a.flv", "application/octet-stream", "video", "video/x-flv"],
  ["a.mov", "video/quicktime", "video", "video/quicktime"],
  ["scan.tif", "image/tiff", "document", "image/tiff"],
  ["a.PDF", "", "document", "application/pdf"],
  ["a.pdf", "application/pdf", "document", "application/pdf"],
  ["a.png", "image/png", "picture", "image/png"],
  ["mp4", "", "picture", ""],
  ["a.mp4", "text/plain", "picture", "text/plain"],
])("%s of type %j", (name, given, kind, type) => {
  expect(kindOf(name, given)).toEqual({ kind, type });
});

describe("a GIF", () => {
  const frame = (red: number) => Buffer.alloc(16 * 16 * 3, red);
  const gif = (frames: number) =>
    sharp(Buffer.concat(Array.from({ length: frames }, (_, at) => frame(at * 60))), {
      raw: { width: 16, height: 16 * frames, channels: 3, pageHeight: 16 },
    })
      .gif({ delay: Array(frames).fill(100) })
      .toBuffer();

  test("moves if it has more than one frame", async () => {
    expect(isMovingGif(await gif(3))).toBe(true);
    expect(isMovingGif(await gif(1))).toBe(false);
  });

  test("that is damaged is read in bounded time", async () => {
    const whole = await gif(3);
    for (let length = 0; length < whole.length; length++) isMovingGif(whole.subarray(0, length));
    expect(isMovingGif(new Uint8Array())).toBe(false);
    expect(isMovingGif(new Uint8Array(999).fill(255))).toBe(false);
  });
});
