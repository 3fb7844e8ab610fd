import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { jpegOrientation } from "./orientation.ts";
import { standIn } from "./stand-in.ts";

describe("stand-ins", () => {
  test.each([
    [1, 1],
    [9, 3],
    [1920, 1080],
    [481, 202],
  ])("of %i × %i are pictures of that size", async (width, height) => {
    const url = await standIn(width, height);
    const png = Buffer.from(url.replace("data:image/png;base64,", ""), "base64");
    expect(await sharp(png).metadata()).toMatchObject({ format: "png", width, height });
    await sharp(png).raw().toBuffer();
    expect(png.length).toBeLessThan(4000);
  });
});

describe("the orientation of a JPEG", () => {
  const jpeg = (orientation?: number) => {
    const plain = sharp({ create: { width: 4, height: 2, channels: 3, background: "red" } }).jpeg();
    return (orientation === undefined ? plain : plain.withMetadata({ orientation })).toBuffer();
  };

  test.each([1, 3, 6, 8])("%i", async (orientation) => {
    expect(jpegOrientation(await jpeg(orientation))).toBe(orientation);
  });

  test("is upright where nothing is said, and in what is no JPEG", async () => {
    expect(jpegOrientation(await jpeg())).toBe(1);
    expect(jpegOrientation(new Uint8Array())).toBe(1);
    expect(jpegOrientation(Buffer.from("GIF89a, or whatever"))).toBe(1);
    const turned = await jpeg(6);
    for (let length = 0; length < turned.length; length += 1) {
      expect([1, 6]).toContain(jpegOrientation(turned.subarray(0, length)));
    }
  });
});
