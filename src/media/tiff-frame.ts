// What the tags of a TIFF's frame say about its pixels (TIFF 6.0 and its supplements).

import { VireoError } from "../core/errors.ts";
import { SEND_PICTURE } from "./kind.ts";
import { type Orientation, toOrientation } from "./orientation.ts";
import type { Size } from "./picture-headers.ts";
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
  extraSamples: 338,
  sampleFormat: 339,
});

const PHOTOMETRIC = Object.freeze({ blackIsZero: 1, rgb: 2, cmyk: 5, yCbCr: 6 });

const REDUCED = 1;
const MASK = 4;
const OLD_REDUCED = 2;

/** Thumbnails and masks stand in the chain of frames like pages do, but are none. */
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
/** None, CCITT of three kinds, LZW, JPEG, Deflate of two kinds, PackBits. */
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
/** The library that decodes takes no more. */
const MAX_CHANNELS = 5;

/** Throws unsupported_media_type for a frame whose compression or colours are not read, by name. */
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
  /** Those of colour: gray or a palette's index, three colours or four inks. */
  readonly colours: 1 | 3 | 4;
  /** The first channel behind them says how much of the colour is there. */
  readonly hasAlpha: boolean;
}

const RGB_LIKE: readonly number[] = [PHOTOMETRIC.rgb, PHOTOMETRIC.yCbCr];
/** Values of tag 338: alpha by which colours are multiplied already, and alpha apart from them. */
const ALPHAS: readonly number[] = [1, 2];

/**
 * By tag 338, never by count: a channel behind the colours is alpha only if the file says so. One
 * exception is Pillow's: RGB with a fourth channel that nothing is said about is RGBA.
 */
export function tiffChannels(directory: TiffDirectory): TiffChannels {
  const photometric = tagValue(directory, TAG.photometric) ?? PHOTOMETRIC.blackIsZero;
  const stored = tagValue(directory, TAG.samples) ?? 1;
  const colours = photometric === PHOTOMETRIC.cmyk ? 4 : RGB_LIKE.includes(photometric) ? 3 : 1;
  const extra = tagValue(directory, TAG.extraSamples);
  const untold = extra === undefined && photometric === PHOTOMETRIC.rgb && stored === 4;
  return { stored, colours, hasAlpha: untold || ALPHAS.includes(extra ?? 0) };
}
