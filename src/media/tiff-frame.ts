// Interprets the tags that describe the pixels of a TIFF's frame (TIFF 6.0 and supplements).

import { VireoError } from "../core/errors.ts";
import { SEND_PICTURE } from "./kind.ts";
import { type Orientation, toOrientation } from "./orientation.ts";
import type { Size } from "./rgb-image.ts";
import { type TiffDirectory, tagValue } from "./tiff-directory.ts";

const TAG = Object.freeze({
  subfile: 254,
  oldSubfile: 255,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  orientation: 274,
  samples: 277,
  planes: 284,
  tileWidth: 322,
  extraSamples: 338,
  sampleFormat: 339,
});

const PHOTOMETRIC = Object.freeze({ blackIsZero: 1, rgb: 2, cmyk: 5, yCbCr: 6 });

const REDUCED = 1;
const MASK = 4;
const OLD_REDUCED = 2;

/** Thumbnails and masks are in the chain of frames, but are not pages. */
export function isPage(directory: TiffDirectory): boolean {
  const kind = tagValue(directory, TAG.subfile) ?? 0;
  if ((kind & (REDUCED | MASK)) !== 0) return false;
  return tagValue(directory, TAG.oldSubfile) !== OLD_REDUCED;
}

export interface TiffFrame {
  readonly size: Size | undefined;
  readonly turn: Orientation;
}

export function tiffFrame(directory: TiffDirectory): TiffFrame {
  const width = tagValue(directory, TAG.width);
  const height = tagValue(directory, TAG.height);
  const size = width === undefined || height === undefined ? undefined : { width, height };
  return { size, turn: toOrientation(tagValue(directory, TAG.orientation)) };
}

const COMPRESSIONS: ReadonlyMap<number, string> = new Map([
  [6, "old JPEG (TIFF 6.0)"],
  [9, "JBIG"],
  [10, "JBIG"],
  [32766, "NeXT"],
  [34661, "JBIG"],
  [34676, "SGI log"],
  [34677, "SGI log"],
  [34712, "JPEG 2000"],
  [34887, "LERC"],
  [34925, "LZMA"],
  [34926, "old ZSTD"],
  [50000, "ZSTD"],
  [50001, "WebP"],
  [52546, "JPEG XL"],
]);
/** Supported values of tag 259: none, CCITT (three), LZW, JPEG, Deflate (two), PackBits. */
const READ_COMPRESSIONS: readonly number[] = [1, 2, 3, 4, 5, 7, 8, 32771, 32773, 32946];

const PHOTOMETRICS: ReadonlyMap<number, string> = new Map([
  [8, "CIE Lab colours"],
  [9, "ICC Lab colours"],
  [10, "ITU Lab colours"],
  [32803, "a camera sensor's raw pixels"],
  [32844, "logarithmic colours"],
  [32845, "logarithmic colours"],
  [34892, "a camera sensor's raw pixels"],
]);

/** Values of tag 339. */
const SIGNED = 2;
const FLOAT = 3;
/** The limit of the decoding library. */
const MAX_CHANNELS = 5;
/** Value of tag 284: each channel is stored apart from the others. */
const SEPARATE = 2;

/** Throws unsupported_media_type, naming the compression or colours that are not supported. */
export function checkTiffFrame(directory: TiffDirectory): void {
  const compression = tagValue(directory, TAG.compression) ?? 1;
  if (!READ_COMPRESSIONS.includes(compression)) {
    const name = COMPRESSIONS.get(compression) ?? `of number ${compression}`;
    throw notRead(`TIFF with compression ${name}`);
  }
  const colours = PHOTOMETRICS.get(tagValue(directory, TAG.photometric) ?? 1);
  if (colours) throw notRead(`TIFF with ${colours}`);
  const channels = tagValue(directory, TAG.samples) ?? 1;
  if (channels > MAX_CHANNELS) throw notRead(`TIFF with ${channels} channels`);
  if (tagValue(directory, TAG.planes) === SEPARATE && directory.tags.has(TAG.tileWidth)) {
    throw notRead("TIFF with separate planes in tiles");
  }
  const bits = tagValue(directory, TAG.bits) ?? 1;
  const format = tagValue(directory, TAG.sampleFormat);
  if (format === SIGNED && bits < 32) throw notRead(`TIFF with signed samples of ${bits} bits`);
  if (format === FLOAT && bits !== 32) throw notRead(`TIFF with floating samples of ${bits} bits`);
  if (format === FLOAT && channels > 2) throw notRead("TIFF with floating samples of colours");
}

function notRead(what: string): VireoError {
  return new VireoError("unsupported_media_type", `${what} is not read; ${SEND_PICTURE}`);
}

/** A frame's channels as they are stored. */
export interface TiffChannels {
  readonly stored: number;
  /** Number of colour channels: gray or a palette index, three colours or four inks. */
  readonly colours: 1 | 3 | 4;
  /** Whether the first extra channel is alpha. */
  readonly hasAlpha: boolean;
}

const RGB_LIKE: readonly number[] = [PHOTOMETRIC.rgb, PHOTOMETRIC.yCbCr];
/** Values of tag 338: premultiplied alpha and straight alpha. */
const ALPHAS: readonly number[] = [1, 2];

/**
 * Decides by tag 338, not by the number of channels: an extra channel is alpha only if the file
 * declares it. Like Pillow, it takes RGB with an undeclared fourth channel for RGBA.
 */
export function tiffChannels(directory: TiffDirectory): TiffChannels {
  const photometric = tagValue(directory, TAG.photometric) ?? PHOTOMETRIC.blackIsZero;
  const stored = tagValue(directory, TAG.samples) ?? 1;
  const colours = photometric === PHOTOMETRIC.cmyk ? 4 : RGB_LIKE.includes(photometric) ? 3 : 1;
  const extra = tagValue(directory, TAG.extraSamples);
  const untold = extra === undefined && photometric === PHOTOMETRIC.rgb && stored === 4;
  return { stored, colours, hasAlpha: untold || ALPHAS.includes(extra ?? 0) };
}
