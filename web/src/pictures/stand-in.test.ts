import sharp from "sharp";
import { describe, expect, test } from "vitest";
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
