import sharp, { type OutputInfo, type SharpOptions } from "sharp";
import { assert } from "../core/assert.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { decodeBmp } from "./bmp.ts";
import { type ImageHeader, inspectFrames, inspectImage } from "./source.ts";

/** 8-bit RGB, rows from the top, 3 bytes per pixel. */
export interface RgbImage {
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const DECODE_SECONDS = 30;
const LOADERS = ["Png", "Jpeg", "Webp", "Nsgif", "Tiff", "Heif"].map(
  (name) => `VipsForeignLoad${name}Buffer`,
);

// The library reads many more formats than are wanted from strangers, and keeps what it decoded.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({ operation: LOADERS });
sharp.cache(false);

/**
 * Decodes a picture as the model was trained to see it.
 *
 * 16 bits become the upper 8; gray is repeated; palettes are looked up; transparency is laid on
 * white; colour profiles and EXIF orientation are ignored; of an animation the first frame counts.
 *
 * Throws what inspectImage throws, and media_undecodable.          Source: MODEL.md § Pictures.
 */
export async function decodeImage(bytes: Uint8Array): Promise<RgbImage> {
  return await decode(bytes, inspectImage(bytes), 0);
}

/** The same of one of a TIFF's frames, which count from 0. Throws what inspectFrames throws. */
export async function decodeFrame(bytes: Uint8Array, frame: number): Promise<RgbImage> {
  const header = inspectFrames(bytes)[frame];
  assert(header !== undefined, "frames are counted before they are decoded");
  return await decode(bytes, header, frame);
}

async function decode(bytes: Uint8Array, header: ImageHeader, frame: number): Promise<RgbImage> {
  if (header.type === "bmp") {
    const { rgba, width, height } = decodeBmp(bytes);
    return { rgb: layOnWhite(rgba, 4), width, height };
  }
  const { data, info } = await decodePixels(bytes, header, frame);
  return { rgb: toRgb(data, info), width: info.width, height: info.height };
}

interface Decoded {
  readonly data: Uint8Array;
  readonly info: OutputInfo;
}

async function decodePixels(
  bytes: Uint8Array,
  header: ImageHeader,
  frame: number,
): Promise<Decoded> {
  const options: SharpOptions = {
    limitInputPixels: LIMITS.imagePixels,
    failOn: "error",
    sequentialRead: true,
    ignoreIcc: true,
    animated: false,
    autoOrient: false,
    ...(frame > 0 ? { page: frame } : {}),
  };
  try {
    const picture = sharp(bytes, options).timeout({ seconds: DECODE_SECONDS });
    const { space } = await picture.metadata();
    if (space === "cmyk") picture.pipelineColourspace("cmyk").toColourspace("cmyk");
    const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
    if (space !== "cmyk") return { data, info };
    return { data: cmykToRgb(data), info: { ...info, channels: 3 } };
  } catch (cause) {
    // The library's own words may name files, offsets or addresses.
    const message = `the ${header.type} image cannot be decoded: it is damaged or cut short`;
    throw new VireoError("media_undecodable", message, { cause });
  }
}

function toRgb(data: Uint8Array, { channels }: OutputInfo): Uint8Array {
  switch (channels) {
    case 1:
      return repeatGray(data);
    case 3:
      return data;
    default:
      return layOnWhite(data, channels);
  }
}

function repeatGray(gray: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(gray.length * 3);
  for (let i = 0; i < gray.length; i++) rgb.fill(gray[i]!, i * 3, i * 3 + 3);
  return rgb;
}

/** a · b / 255, rounded to nearest. */
function scale255(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >>> 8) + product) >>> 8;
}

/** Lays gray or colour with alpha (2 or 4 channels) on white, rounding once as Pillow does. */
function layOnWhite(pixels: Uint8Array, channels: number): Uint8Array {
  const count = pixels.length / channels;
  const rgb = new Uint8Array(count * 3);
  for (let i = 0; i < count; i++) {
    const alpha = pixels[i * channels + channels - 1]!;
    for (let c = 0; c < 3; c++) {
      const value = pixels[i * channels + (channels === 2 ? 0 : c)]!;
      const sum = value * alpha + 255 * (255 - alpha) + 128;
      rgb[i * 3 + c] = ((sum >>> 8) + sum) >>> 8;
    }
  }
  return rgb;
}

function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let i = 0; i < cmyk.length / 4; i++) {
    const light = 255 - cmyk[i * 4 + 3]!;
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = light - scale255(cmyk[i * 4 + c]!, light);
  }
  return rgb;
}
