import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { VireoError } from "../core/errors.ts";
import { decodeImage } from "./image.ts";
import { inspectImage } from "./source.ts";

const WIDTH = 5;
const HEIGHT = 3;
const rgb = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * 17) & 255);
const raw = { raw: { width: WIDTH, height: HEIGHT, channels: 3 } } as const;

async function refusal(bytes: Uint8Array): Promise<VireoError> {
  try {
    await decodeImage(bytes);
  } catch (error) {
    if (error instanceof VireoError) return error;
    throw error;
  }
  throw new Error("not refused");
}

const encoders = {
  png: () => sharp(rgb, raw).png().toBuffer(),
  interlaced: () => sharp(rgb, raw).png({ progressive: true }).toBuffer(),
  webp: () => sharp(rgb, raw).webp({ lossless: true }).toBuffer(),
  tiff: () => sharp(rgb, raw).tiff({ compression: "none" }).toBuffer(),
  bigEndianTiff: () => sharp(rgb, raw).tiff({ compression: "lzw", bigtiff: false }).toBuffer(),
};

describe("lossless formats are decoded exactly", () => {
  test.each(Object.entries(encoders))("%s", async (_, encode) => {
    const image = await decodeImage(await encode());
    expect(image).toMatchObject({ width: WIDTH, height: HEIGHT });
    expect([...image.rgb]).toEqual([...rgb]);
  });

  test("16 bits become the upper 8", async () => {
    const deep = Uint16Array.from({ length: rgb.length }, (_, i) => (i * 1499) & 0xffff);
    const png = await sharp(deep, raw).toColourspace("rgb16").png().toBuffer();
    expect([...(await decodeImage(png)).rgb]).toEqual([...deep].map((value) => value >> 8));
    const gray = Uint16Array.from({ length: 15 }, (_, i) => i * 4099);
    const options = { raw: { width: WIDTH, height: HEIGHT, channels: 1 } } as const;
    const grayPng = await sharp(gray, options).toColourspace("grey16").png().toBuffer();
    expect((await sharp(grayPng).metadata()).depth).toBe("ushort");
    const expected = [...gray].flatMap((value) => Array(3).fill(value >> 8));
    expect([...(await decodeImage(grayPng)).rgb]).toEqual(expected);
  });

  test("the first frame of a GIF", async () => {
    const gif = await sharp(rgb, raw).gif().toBuffer();
    expect(await decodeImage(gif)).toMatchObject({ width: WIDTH, height: HEIGHT });
  });

  test("CMYK by Pillow's rule", async () => {
    const cmyk = await sharp(rgb, raw).toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
    const { rgb: seen } = await decodeImage(cmyk);
    const inks = await sharp(cmyk, { ignoreIcc: true })
      .pipelineColourspace("cmyk")
      .toColourspace("cmyk")
      .raw()
      .toBuffer();
    for (let i = 0; i < WIDTH * HEIGHT; i++) {
      const light = 255 - inks[i * 4 + 3]!;
      for (let c = 0; c < 3; c++) {
        expect(seen[i * 3 + c]).toBe(light - Math.round((inks[i * 4 + c]! * light) / 255));
      }
    }
  });

  test("EXIF orientation is applied, or ignored on request", async () => {
    const turned = await sharp(rgb, raw).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    expect(await decodeImage(turned)).toMatchObject({ width: HEIGHT, height: WIDTH });
    const stored = await decodeImage(turned, { exifOrientation: "ignore" });
    expect(stored).toMatchObject({ width: WIDTH, height: HEIGHT });
  });

  test("a colour profile is ignored", async () => {
    const png = await sharp(rgb, raw).png().withIccProfile("p3").toBuffer();
    const plain = await sharp(png, { ignoreIcc: true }).raw().toBuffer();
    expect([...(await decodeImage(png)).rgb]).toEqual([...plain]);
  });
});

describe("refusals", () => {
  const png = (width: number, height: number): Uint8Array => {
    const header = Buffer.alloc(33);
    header.write("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin1");
    header.writeUInt32BE(width, 16);
    header.writeUInt32BE(height, 20);
    return header;
  };
  const text = (content: string): Uint8Array => Buffer.from(content, "latin1");
  test.each([
    [text(""), "invalid_media"],
    [text("hello"), "unsupported_media_type"],
    [text('<svg xmlns="http://www.w3.org/2000/svg"/>'), "unsupported_media_type"],
    [text('<?xml version="1.0"?><svg/>'), "unsupported_media_type"],
    [text("\xef\xbb\xbf <svg/>"), "unsupported_media_type"],
    [text("<!DOCTYPE html><p>"), "unsupported_media_type"],
    [text("%PDF-1.7"), "unsupported_media_type"],
    [text("\0\0\0\x1cftypavif"), "media_undecodable"],
    [text("\0\0\0\x1cftypheic"), "media_undecodable"],
    [text("\0\0\0\x1cftypmp42"), "unsupported_media_type"],
    [png(65535, 65535), "media_too_large"],
    [png(30000, 30000), "media_too_large"],
    [png(0, 7), "media_undecodable"],
    [png(7, 7), "media_undecodable"],
    [text("\x89PNG\r\n\x1a\n"), "media_undecodable"],
    [text("\xff\xd8\xff\xc0\0\x11\x08\xfa\xfa\xfa\xfa"), "media_too_large"],
    [text("\xff\xd8\xff\xe0\0\x10"), "media_undecodable"],
    [text("\xff\xd8\xff\xe0\0\0\0\0"), "media_undecodable"],
    [text("GIF89a"), "media_undecodable"],
    [text("RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff"), "media_too_large"],
    [text("II*\0\xff\xff\xff\x7f"), "media_undecodable"],
    [new Uint8Array(21 * 2 ** 20), "media_too_large"],
  ])("case %#", async (bytes, code) => {
    const error = await refusal(bytes);
    expect(error.code).toBe(code);
    expect(error.message).not.toMatch(/vips|lib|0x[0-9a-f]{4}|\//i);
  });

  test.each(["png", "webp", "tiff"] as const)("%s cut short", async (type) => {
    const whole = await encoders[type]();
    for (const length of [whole.length - 20, whole.length >> 1]) {
      expect((await refusal(whole.subarray(0, length))).code).toBe("media_undecodable");
    }
  });

  test("a JPEG cut short", async () => {
    const big = { create: { width: 200, height: 200, channels: 3, background: "red" } } as const;
    const whole = await sharp({ ...big, create: { ...big.create, noise: NOISE } })
      .jpeg()
      .toBuffer();
    const error = await refusal(whole.subarray(0, whole.length >> 1));
    expect(error.code).toBe("media_undecodable");
  });

  test("any bytes throw nothing but a VireoError", async () => {
    const files = await Promise.all(Object.values(encoders).map((encode) => encode()));
    const bytes = fc
      .tuple(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }),
      )
      .map(([file, edits]) => {
        const edited = Uint8Array.from(file);
        for (const [at, value] of edits) edited[at % edited.length] = value;
        return edited;
      });
    await fc.assert(
      fc.asyncProperty(bytes, async (edited) => {
        try {
          const image = await decodeImage(edited);
          expect(image.rgb.length).toBe(image.width * image.height * 3);
        } catch (error) {
          expect(error).toBeInstanceOf(VireoError);
        }
      }),
      { numRuns: 500, seed: 4 },
    );
  });
});

const NOISE = { type: "gaussian", mean: 128, sigma: 60 } as const;

test.each(["png", "webp", "tiff"] as const)("the size of a %s is read", async (type) => {
  const header = inspectImage(await encoders[type]());
  expect(header).toEqual({ type, width: WIDTH, height: HEIGHT, turn: 1 });
});

test("an AVIF is measured and decoded", async () => {
  const background = { r: 200, g: 40, b: 90 };
  const flat = sharp({ create: { width: 40, height: 21, channels: 3, background } });
  const bytes = await flat.avif({ quality: 90, chromaSubsampling: "4:4:4" }).toBuffer();
  expect(inspectImage(bytes)).toEqual({ type: "avif", width: 40, height: 21, turn: 1 });
  const image = await decodeImage(bytes);
  expect(image).toMatchObject({ width: 40, height: 21 });
  expect(Math.abs(image.rgb[0]! - 200)).toBeLessThan(8);
  expect(Math.abs(image.rgb[2]! - 90)).toBeLessThan(8);
});

test.each(["lossy", "lossless", "alpha"])("the size of a WebP is read: %s", async (kind) => {
  const four = sharp({ create: { width: 40, height: 21, channels: 4, background: "#f008" } });
  const flat = kind === "alpha" ? four : four.removeAlpha();
  const bytes = await flat.webp({ lossless: kind === "lossless" }).toBuffer();
  expect(inspectImage(bytes)).toEqual({ type: "webp", width: 40, height: 21, turn: 1 });
});
