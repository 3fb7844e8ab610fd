import type { ExifOrientation } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { heifHeader } from "./heif-boxes.ts";
import { icoPicture } from "./ico.ts";
import { type FileKind, fileKind, type ImageType, SEND_PICTURE } from "./kind.ts";
import { type Orientation, turnedSize } from "./orientation.ts";
import {
  bmpHeader,
  gifHeader,
  jpegHeader,
  pngHeader,
  type StoredPicture,
  webpHeader,
} from "./picture-headers.ts";
import type { Size } from "./rgb-image.ts";
import { readTiff, type TiffDirectory } from "./tiff-directory.ts";
import { checkTiffFrame, isPage, tiffFrame } from "./tiff-frame.ts";

/** Properties of a picture from its header. */
export interface ImageHeader {
  readonly type: ImageType;
  /** Pixels of the decoded picture, after the transformation `turn`. */
  readonly width: number;
  readonly height: number;
  /** The transformation that makes the stored picture upright. */
  readonly turn: Orientation;
}

export interface FrameHeader extends ImageHeader {
  /** Index of a TIFF's directory, from 0; thumbnails between pages count too. */
  readonly index: number;
  readonly tiff?: TiffDirectory;
}

export interface PictureOptions {
  /** Default: "apply". A TIFF's tag and the properties of AVIF and HEIC always apply. */
  readonly exifOrientation?: ExifOrientation | undefined;
}

/**
 * Recognises a picture by its bytes, not by its name, and reads its size.
 *
 * The size is checked before anything is decoded: a small file may claim gigabytes of pixels.
 *
 * Throws invalid_media (no bytes), unsupported_media_type, media_undecodable (no readable size) or
 * media_too_large.
 */
export function inspectImage(bytes: Uint8Array, options: PictureOptions = {}): ImageHeader {
  const { type, width, height, turn } = inspectFrames(bytes, options)[0]!;
  return { type, width, height, turn };
}

/**
 * Inspects each page of a TIFF; any other picture is one page. Frames that a TIFF marks as
 * thumbnails or masks are not pages, unless there are no others.
 *
 * Throws what inspectImage throws for any page.
 */
export function inspectFrames(bytes: Uint8Array, options: PictureOptions = {}): FrameHeader[] {
  const type = pictureType(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === "tiff") return tiffFrames(view);
  const stored = withinBounds(() => readHeader(type, view, bytes));
  const { exif = 1 } = stored ?? {};
  return [checkSize(type, stored, options.exifOrientation === "ignore" ? 1 : exif, 0)];
}

function tiffFrames(view: DataView): FrameHeader[] {
  const limit = LIMITS.image.tiffFrames;
  const all = withinBounds(() => readTiff(view, { maxFrames: limit + 1 })) ?? [];
  if (all.length > limit) throw tooLarge("frames", all.length, limit);
  const numbered = all.map((directory, index) => ({ directory, index }));
  const pages = numbered.filter(({ directory }) => isPage(directory));
  const chosen = pages.length > 0 ? pages : numbered.slice(0, 1);
  if (chosen.length === 0) return [checkSize("tiff", undefined, 1, 0)];
  return chosen.map(({ directory, index }) => {
    const { size, turn } = tiffFrame(directory);
    const header = checkSize("tiff", size, turn, index);
    checkTiffFrame(directory);
    return { ...header, tiff: directory };
  });
}

/** Throws invalid_media, media_too_large, and unsupported_media_type for other files. */
function pictureType(bytes: Uint8Array): ImageType {
  if (bytes.length === 0) throw new VireoError("invalid_media", "the image is empty (0 bytes)");
  if (bytes.length > LIMITS.image.bytes) {
    throw tooLarge("bytes", bytes.length, LIMITS.image.bytes);
  }
  const kind = fileKind(bytes);
  if (kind.is === "picture") return kind.type;
  throw new VireoError("unsupported_media_type", noPicture(kind));
}

function noPicture(kind: FileKind): string {
  switch (kind.is) {
    case "pdf":
      return 'PDF is not read as an image; send it as a part of type "file"';
    case "video":
      return "a video is not read as an image; send it as a part of type video_url";
    case "office":
      return `${kind.name} is not read as an image; send it as a part of type "file"`;
    case "text":
      return `${kind.markup ?? "text"} is not read as an image; ${SEND_PICTURE}`;
    case "other":
      return `${kind.name} is not read; ${kind.advice}`;
    default:
      return `the data is no known image format; ${SEND_PICTURE}`;
  }
}

function checkSize(
  type: ImageType,
  size: Size | undefined,
  turn: Orientation,
  index: number,
): FrameHeader {
  if (size === undefined || !(size.width > 0 && size.height > 0)) {
    const message = `the ${type} image has no readable width and height; the file is damaged`;
    throw new VireoError("media_undecodable", message);
  }
  const { width, height } = turnedSize({ width: size.width, height: size.height }, turn);
  const side = Math.max(width, height);
  if (side > LIMITS.image.sidePx) throw tooLarge("pixels on a side", side, LIMITS.image.sidePx);
  if (width * height > LIMITS.image.pixels) {
    throw tooLarge("pixels", width * height, LIMITS.image.pixels);
  }
  return { type, width, height, turn, index };
}

function tooLarge(unit: string, actual: number, limit: number): VireoError {
  const message = `the image has ${actual} ${unit}; the limit is ${limit}. Send a smaller one`;
  return new VireoError("media_too_large", message, { metadata: { limit, actual } });
}

/** Returns undefined if the header has no size. Throws RangeError if it is truncated. */
function readHeader(
  type: Exclude<ImageType, "tiff">,
  view: DataView,
  bytes: Uint8Array,
): StoredPicture | undefined {
  switch (type) {
    case "png":
      return pngHeader(view);
    case "gif":
      return gifHeader(view);
    case "jpeg":
      return jpegHeader(view);
    case "webp":
      return webpHeader(view);
    case "bmp":
      return bmpHeader(view);
    case "ico":
      return { ...icoPicture(bytes), exif: 1 };
    case "avif":
    case "heic":
      return heifHeader(view);
  }
}

/** Runs `read`; returns undefined if the file is truncated. */
function withinBounds<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof RangeError) return undefined;
    throw cause;
  }
}
