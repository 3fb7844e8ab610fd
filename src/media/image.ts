import sharp, { type SharpOptions } from "sharp";
import { assert } from "../core/assert.ts";
import { VireoError } from "../core/errors.ts";
import { bmpInSteps, type RgbaPixels } from "./bmp.ts";
import { cutAfterFirstFrame, layGifOnScreen } from "./gif.ts";
import { decodeHeic } from "./heic.ts";
import { decodeIcoBody, type IcoPicture, icoPicture } from "./ico.ts";
import type { ImageType } from "./kind.ts";
import { turnUpright } from "./orientation.ts";
import type { RgbImage } from "./rgb-image.ts";
import { type FrameHeader, inspectFrames, type PictureOptions } from "./source.ts";
import { inRanges, runSteps, type Steps } from "./steps.ts";
import { type TiffChannels, tiffChannels } from "./tiff-frame.ts";

const DECODE_SECONDS = 30;
const LOADERS = ["Png", "Jpeg", "Webp", "Nsgif", "Tiff", "Heif"].map(
  (name) => `VipsForeignLoad${name}Buffer`,
);

// sharp reads many more formats than strangers may send, and caches what it has decoded.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({ operation: LOADERS });
sharp.cache(false);

/**
 * Decodes a picture to 8-bit RGB.
 *
 * 16-bit samples keep their upper 8 bits; gray is repeated; palettes are looked up; transparency
 * is composited on white; colour profiles are ignored; only the first frame of an animation is
 * used. EXIF orientation is applied unless the options ignore it, as in the model's training.
 *
 * Throws what inspectImage throws, and media_undecodable.          Source: MODEL.md § Pictures.
 */
export async function decodeImage(
  bytes: Uint8Array,
  options: PictureOptions = {},
): Promise<RgbImage> {
  return await decode(bytes, inspectFrames(bytes, options)[0]!);
}

/** Decodes one page of a TIFF; `page` counts from 0. Throws what inspectFrames throws. */
export async function decodeFrame(
  bytes: Uint8Array,
  page: number,
  options: PictureOptions = {},
): Promise<RgbImage> {
  const header = inspectFrames(bytes, options)[page];
  assert(header !== undefined, "frames are counted before they are decoded");
  return await decode(bytes, header);
}

/** Decodes to exactly the size that the header announced. */
async function decode(bytes: Uint8Array, header: FrameHeader): Promise<RgbImage> {
  const image = await runSteps(turnUpright(await decodeStored(bytes, header), header.turn));
  if (image.width === header.width && image.height === header.height) return image;
  throw damaged(header.type);
}

async function decodeStored(bytes: Uint8Array, header: FrameHeader): Promise<RgbImage> {
  switch (header.type) {
    case "bmp":
      return await fromRgba(await runSteps(bmpInSteps(bytes)));
    case "heic":
      return await decodeHeic(bytes);
    case "gif":
      return layGifOnScreen(
        bytes,
        await decodeByLibrary(cutAfterFirstFrame(bytes), header),
        header,
      );
    case "avif":
      return await decodeByLibrary(asStillAvif(bytes), header);
    case "ico": {
      const picture = icoPicture(bytes);
      if (!picture.isPng) return await fromRgba(decodeIcon(picture));
      return await decodeByLibrary(picture.bytes, header);
    }
    default:
      return await decodeByLibrary(bytes, header);
  }
}

/** sharp refuses image sequences by their brand, although their first picture is ordinary. */
function asStillAvif(bytes: Uint8Array): Uint8Array {
  if (bytes[11] !== "s".charCodeAt(0)) return bytes;
  const still = Uint8Array.from(bytes);
  still[11] = "f".charCodeAt(0);
  return still;
}

function decodeIcon(picture: IcoPicture): RgbaPixels {
  try {
    return decodeIcoBody(picture);
  } catch (cause) {
    if (cause instanceof RangeError) throw damaged("ico", cause);
    throw cause;
  }
}

async function fromRgba({ rgba, width, height }: RgbaPixels): Promise<RgbImage> {
  return { rgb: await runSteps(layOnWhite(rgba, 4)), width, height };
}

async function decodeByLibrary(bytes: Uint8Array, header: FrameHeader): Promise<RgbImage> {
  const options: SharpOptions = {
    limitInputPixels: header.width * header.height, // no more is decoded than was announced
    failOn: "error",
    sequentialRead: true,
    ignoreIcc: true,
    animated: false,
    autoOrient: false,
    ...(header.index > 0 ? { page: header.index } : {}),
  };
  try {
    const picture = sharp(bytes, options).timeout({ seconds: DECODE_SECONDS });
    const { space, depth } = await picture.metadata();
    const isCmyk = space === "cmyk";
    if (isCmyk) picture.pipelineColourspace("cmyk").toColourspace("cmyk");
    const deep = isCmyk && depth === "ushort";
    const raw = picture.raw(deep ? { depth: "ushort" } : {});
    const { data, info } = await raw.toBuffer({ resolveWithObject: true });
    const bytesOf8Bits = deep ? await runSteps(upperBytes(data)) : data;
    const pixels = { data: bytesOf8Bits, channels: info.channels };
    const shown = header.tiff
      ? await runSteps(shownChannels(pixels, tiffChannels(header.tiff)))
      : pixels;
    const { width, height } = info;
    return { rgb: await runSteps(isCmyk ? cmykToRgb(shown.data) : toRgb(shown)), width, height };
  } catch (cause) {
    // sharp's own messages may name files, offsets or addresses.
    throw damaged(header.type, cause);
  }
}

function damaged(type: ImageType, cause?: unknown): VireoError {
  const message = `the ${type} image cannot be decoded: it is damaged or cut short`;
  return new VireoError("media_undecodable", message, { cause });
}

interface Pixels {
  readonly data: Uint8Array;
  readonly channels: number;
}

/** Takes the upper bytes of 16-bit samples, which are little-endian. */
function* upperBytes(samples: Uint8Array): Steps<Uint8Array> {
  const upper = new Uint8Array(samples.length / 2);
  yield* inRanges(upper.length, (first, end) => {
    for (let i = first; i < end; i++) upper[i] = samples[i * 2 + 1]!;
  });
  return upper;
}

/**
 * Removes extra channels of a TIFF, because sharp takes a fourth channel for alpha. sharp may
 * already have expanded gray or a palette from one channel to three.
 */
function* shownChannels(pixels: Pixels, tiff: TiffChannels): Steps<Pixels> {
  const { data, channels: found } = pixels;
  const colours = tiff.colours + Math.max(0, found - tiff.stored);
  const channels = colours + (tiff.hasAlpha && tiff.colours !== 4 ? 1 : 0);
  if (channels >= found) return pixels;
  const count = data.length / found;
  const shown = new Uint8Array(count * channels);
  yield* inRanges(count, (first, end) => {
    let to = first * channels;
    for (let from = first * found; from < end * found; from += found) {
      for (let channel = 0; channel < channels; channel++) shown[to++] = data[from + channel]!;
    }
  });
  return { data: shown, channels };
}

function* toRgb({ data, channels }: Pixels): Steps<Uint8Array> {
  switch (channels) {
    case 1:
      return yield* repeatGray(data);
    case 3:
      return data;
    default:
      return yield* layOnWhite(data, channels);
  }
}

function* repeatGray(gray: Uint8Array): Steps<Uint8Array> {
  const rgb = new Uint8Array(gray.length * 3);
  yield* inRanges(gray.length, (first, end) => {
    for (let i = first, to = first * 3; i < end; i++, to += 3) {
      rgb[to] = gray[i]!;
      rgb[to + 1] = gray[i]!;
      rgb[to + 2] = gray[i]!;
    }
  });
  return rgb;
}

/** Computes a · b / 255, rounded to nearest. */
function scale255(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >>> 8) + product) >>> 8;
}

/** Composites gray or colour with alpha (2 or 4 channels) on white, rounding once like Pillow. */
function* layOnWhite(pixels: Uint8Array, channels: number): Steps<Uint8Array> {
  const count = pixels.length / channels;
  const rgb = new Uint8Array(count * 3);
  const layOne = (i: number): void => {
    const alpha = pixels[i * channels + channels - 1]!;
    for (let c = 0; c < 3; c++) {
      const value = pixels[i * channels + (channels === 2 ? 0 : c)]!;
      const sum = value * alpha + 255 * (255 - alpha) + 128;
      rgb[i * 3 + c] = ((sum >>> 8) + sum) >>> 8;
    }
  };
  yield* inRanges(count, (first, end) => {
    for (let i = first; i < end; i++) layOne(i);
  });
  return rgb;
}

function* cmykToRgb(cmyk: Uint8Array): Steps<Uint8Array> {
  const count = cmyk.length / 4;
  const rgb = new Uint8Array(count * 3);
  yield* inRanges(count, (first, end) => {
    for (let i = first; i < end; i++) {
      const light = 255 - cmyk[i * 4 + 3]!;
      for (let c = 0; c < 3; c++) rgb[i * 3 + c] = light - scale255(cmyk[i * 4 + c]!, light);
    }
  });
  return rgb;
}
