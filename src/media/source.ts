import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

export type ImageType = "png" | "jpeg" | "webp" | "gif" | "bmp" | "tiff" | "avif";

export interface ImageHeader {
  readonly type: ImageType;
  readonly width: number;
  readonly height: number;
}

/**
 * Recognises a picture by its first bytes, whatever it was called, and reads its size.
 *
 * The size is checked before anything is decoded: a small file may claim gigabytes of pixels.
 *
 * Throws invalid_media (no bytes), unsupported_media_type, media_undecodable (no readable size) or
 * media_too_large.
 */
export function inspectImage(bytes: Uint8Array): ImageHeader {
  const { type, view } = recognise(bytes);
  return checkSize(type, readSize(type, view));
}

/**
 * The same for each frame of a TIFF, which are pages; any other picture is one. A chain of frames
 * that comes back to itself, or is longer than a request may ask for, ends there.
 *
 * Throws what inspectImage throws, for any of them.
 */
export function inspectFrames(bytes: Uint8Array): ImageHeader[] {
  const { type, view } = recognise(bytes);
  if (type !== "tiff") return [checkSize(type, readSize(type, view))];
  const little = view.getUint8(0) === 0x49;
  const headers: ImageHeader[] = [];
  const seen = new Set<number>();
  const offsetAt = (at: number): number =>
    at + 4 > view.byteLength ? 0 : view.getUint32(at, little);
  for (let directory = offsetAt(4); directory !== 0 && !seen.has(directory); ) {
    if (headers.length > LIMITS.framesPerTiff)
      throw tooLarge("frames", headers.length, LIMITS.framesPerTiff);
    seen.add(directory);
    const size = withinBounds(() => tiffFrame(view, directory, little));
    headers.push(checkSize(type, size?.size));
    directory = offsetAt(size?.next ?? view.byteLength);
  }
  return headers.length > 0 ? headers : [checkSize(type, undefined)];
}

function recognise(bytes: Uint8Array): { readonly type: ImageType; readonly view: DataView } {
  if (bytes.length === 0) throw new VireoError("invalid_media", "the image is empty (0 bytes)");
  if (bytes.length > LIMITS.imageBytes) {
    throw tooLarge("bytes", bytes.length, LIMITS.imageBytes);
  }
  const type = sniffImage(bytes);
  return { type, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

function checkSize(type: ImageType, size: Size | undefined): ImageHeader {
  if (size === undefined || !(size.width > 0 && size.height > 0)) {
    const message = `the ${type} image has no readable width and height; the file is damaged`;
    throw new VireoError("media_undecodable", message);
  }
  const { width, height } = size;
  const side = Math.max(width, height);
  if (side > LIMITS.imageSidePx) throw tooLarge("pixels on a side", side, LIMITS.imageSidePx);
  if (width * height > LIMITS.imagePixels) {
    throw tooLarge("pixels", width * height, LIMITS.imagePixels);
  }
  return { type, width, height };
}

function tooLarge(unit: string, actual: number, limit: number): VireoError {
  const message = `the image has ${actual} ${unit}; the limit is ${limit}. Send a smaller one`;
  return new VireoError("media_too_large", message, { metadata: { limit, actual } });
}

const SUPPORTED = "send PNG, JPEG, WebP, GIF, BMP or TIFF";

/** Throws unsupported_media_type for whatever is no supported picture. */
function sniffImage(bytes: Uint8Array): ImageType {
  const start = Buffer.from(bytes.subarray(0, 256)).toString("latin1");
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (start.startsWith("\xff\xd8\xff")) return "jpeg";
  if (start.startsWith("RIFF") && start.startsWith("WEBP", 8)) return "webp";
  if (start.startsWith("GIF87a") || start.startsWith("GIF89a")) return "gif";
  if (start.startsWith("BM")) return "bmp";
  if (start.startsWith("II*\0") || start.startsWith("MM\0*")) return "tiff";
  if (/^ftypavi[fs]/.test(start.slice(4))) return "avif";
  const found = otherType(start);
  const what = found === undefined ? "the data is no known image format" : `${found} is not read`;
  throw new VireoError("unsupported_media_type", `${what}; ${SUPPORTED}`);
}

function otherType(start: string): string | undefined {
  if (/^(\xef\xbb\xbf)?\s*<(svg|\?xml|!doctype svg)/i.test(start)) return "SVG";
  if (/^(\xef\xbb\xbf)?\s*<(!doctype|html)/i.test(start)) return "HTML";
  if (start.startsWith("%PDF")) return "PDF";
  if (start.startsWith("ftyp", 4)) {
    return /^(hei|hev|mif1|msf1)/.test(start.slice(8, 12)) ? "HEIC" : "video";
  }
  if (start.startsWith("\x1aE\xdf\xa3")) return "video";
  return undefined;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Undefined if the header is cut short. */
function readSize(type: ImageType, view: DataView): Size | undefined {
  return withinBounds(() => {
    switch (type) {
      case "png":
        return { width: view.getUint32(16), height: view.getUint32(20) };
      case "gif":
        return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
      case "jpeg":
        return jpegSize(view);
      case "webp":
        return webpSize(view);
      case "bmp":
        return bmpSize(view);
      case "tiff":
        return tiffSize(view);
      case "avif":
        return avifSize(view);
    }
  });
}

/** What was read, or undefined if the file ends before. */
function withinBounds<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof RangeError) return undefined;
    throw cause;
  }
}

const AVIF_HEADER_BYTES = 64 * 1024;
const ISPE = 0x69737065;

/** The largest of the image's spatial extents ("ispe" boxes: version and flags, width, height). */
function avifSize(view: DataView): Size | undefined {
  let size: Size | undefined;
  const end = Math.min(view.byteLength, AVIF_HEADER_BYTES) - 16;
  for (let at = 0; at <= end; at++) {
    if (view.getUint32(at) !== ISPE) continue;
    const found = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (!size || found.width * found.height > size.width * size.height) size = found;
  }
  return size;
}

function jpegSize(view: DataView): Size | undefined {
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    if (marker === 0xd9 || marker === 0xda) return undefined;
    const standsAlone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
    at += 2 + (standsAlone ? 0 : view.getUint16(at + 2));
  }
}

function webpSize(view: DataView): Size | undefined {
  const chunk = view.getUint32(12);
  if (chunk === 0x56503820) {
    // "VP8 ": 14 bits each, the upper two are a scale for showing.
    const mask = 0x3fff;
    return { width: view.getUint16(26, true) & mask, height: view.getUint16(28, true) & mask };
  }
  if (chunk === 0x5650384c) {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (chunk !== 0x56503858) return undefined;
  const lessOne = (at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  return { width: lessOne(24) + 1, height: lessOne(27) + 1 };
}

function bmpSize(view: DataView): Size {
  if (view.getUint32(14, true) === 12) {
    return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  }
  // A negative height means that the first row is the top one.
  return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}

const TIFF_WIDTH = 256;
const TIFF_HEIGHT = 257;
/** They are sorted, and size comes among the first: a hostile file may have 65,535 of them. */
const TIFF_ENTRIES_READ = 256;

function tiffSize(view: DataView): Size | undefined {
  const little = view.getUint8(0) === 0x49;
  return tiffFrame(view, view.getUint32(4, little), little).size;
}

/** next: where the place of the next frame's directory is written. */
function tiffFrame(
  view: DataView,
  directory: number,
  little: boolean,
): { readonly size: Size | undefined; readonly next: number } {
  const entries = view.getUint16(directory, little);
  const found = new Map<number, number>();
  for (let entry = 0; entry < Math.min(entries, TIFF_ENTRIES_READ); entry++) {
    const at = directory + 2 + entry * 12;
    const tag = view.getUint16(at, little);
    if (tag !== TIFF_WIDTH && tag !== TIFF_HEIGHT) continue;
    const short = view.getUint16(at + 2, little) === 3;
    found.set(tag, short ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little));
    if (found.size === 2) break;
  }
  const [width, height] = [found.get(TIFF_WIDTH), found.get(TIFF_HEIGHT)];
  const size = width === undefined || height === undefined ? undefined : { width, height };
  return { size, next: directory + 2 + entries * 12 };
}
