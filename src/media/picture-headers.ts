// Reads sizes and orientations from the headers of picture files, before anything is decoded. All
// functions throw RangeError for a truncated file; a size is undefined if the file has none.

import { type Orientation, toOrientation } from "./orientation.ts";
import type { Size } from "./rgb-image.ts";
import { readTiff, tagValue } from "./tiff-directory.ts";

/** The stored size, and the EXIF orientation. */
export interface StoredPicture extends Size {
  readonly exif: Orientation;
}

const ORIENTATION = 274;
/** Maximum number of chunks of a PNG or WebP, or segments of a JPEG, that are read. */
const MAX_CHUNKS = 10_000;

/** The orientation in an EXIF block, which is a TIFF without pixels; 1 if it is damaged. */
export function exifOrientation(block: DataView): Orientation {
  try {
    const marked = block.byteLength > 6 && block.getUint32(0) === 0x45786966;
    const tiff = marked ? viewOf(block, 6, block.byteLength - 6) : block;
    const directory = readTiff(tiff, { maxFrames: 1 })[0];
    return toOrientation(directory && tagValue(directory, ORIENTATION));
  } catch (error) {
    if (error instanceof RangeError) return 1;
    throw error;
  }
}

function viewOf(view: DataView, at: number, length: number): DataView {
  const rest = Math.max(0, view.byteLength - at);
  return new DataView(
    view.buffer,
    view.byteOffset + Math.min(at, view.byteLength),
    Math.min(length, rest),
  );
}

export function pngHeader(view: DataView): StoredPicture {
  const size = { width: view.getUint32(16), height: view.getUint32(20) };
  let exif: Orientation = 1;
  let at = 8;
  for (let chunk = 0; chunk < MAX_CHUNKS && at + 12 <= view.byteLength; chunk++) {
    const length = view.getUint32(at);
    if (view.getUint32(at + 4) === 0x65584966) exif = exifOrientation(viewOf(view, at + 8, length));
    at += 12 + length;
  }
  return { ...size, exif };
}

export function jpegHeader(view: DataView): StoredPicture | undefined {
  let size: Size | undefined;
  let exif: Orientation | undefined;
  for (let at = 2, segment = 0; segment < MAX_CHUNKS; ) {
    if (at + 4 > view.byteLength && size) break;
    if (view.getUint8(at) !== 0xff) break;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xd9 || marker === 0xda) break;
    const standsAlone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
    const length = standsAlone ? 0 : view.getUint16(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame && !size) size = { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    if (marker === 0xe1 && exif === undefined && isExif(view, at + 4)) {
      exif = exifOrientation(viewOf(view, at + 4, length - 2));
    }
    at += 2 + length;
    segment += 1;
  }
  return size && { ...size, exif: exif ?? 1 };
}

function isExif(view: DataView, at: number): boolean {
  return at + 6 <= view.byteLength && view.getUint32(at) === 0x45786966;
}

export function webpHeader(view: DataView): StoredPicture | undefined {
  const chunk = view.getUint32(12);
  if (chunk === 0x56503820) {
    // "VP8 ": 14 bits each; the upper two bits are a display scale
    const mask = 0x3fff;
    const [width, height] = [view.getUint16(26, true) & mask, view.getUint16(28, true) & mask];
    return { width, height, exif: 1 };
  }
  if (chunk === 0x5650384c) {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1, exif: 1 };
  }
  if (chunk !== 0x56503858) return undefined;
  const lessOne = (at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  const size = { width: lessOne(24) + 1, height: lessOne(27) + 1 };
  return { ...size, exif: webpExif(view) };
}

function webpExif(view: DataView): Orientation {
  let at = 12;
  for (let chunk = 0; chunk < MAX_CHUNKS && at + 8 <= view.byteLength; chunk++) {
    const length = view.getUint32(at + 4, true);
    if (view.getUint32(at) === 0x45584946) return exifOrientation(viewOf(view, at + 8, length));
    at += 8 + length + (length % 2);
  }
  return 1;
}

/** The screen, enlarged if the first picture extends beyond it. */
export function gifHeader(view: DataView): StoredPicture {
  const screen = { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  const frame = gifFrame(view);
  return {
    width: Math.max(screen.width, frame?.right ?? 0),
    height: Math.max(screen.height, frame?.bottom ?? 0),
    exif: 1,
  };
}

function gifFrame(view: DataView) {
  const flags = view.getUint8(10);
  let at = 13 + (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  while (at + 9 < view.byteLength) {
    const introducer = view.getUint8(at);
    if (introducer === 0x2c) {
      const place = [1, 3, 5, 7].map((offset) => view.getUint16(at + offset, true));
      const [left = 0, top = 0, width = 0, height = 0] = place;
      return { right: left + width, bottom: top + height };
    }
    if (introducer !== 0x21) return undefined;
    at += 2;
    while (at < view.byteLength && view.getUint8(at) !== 0) at += 1 + view.getUint8(at);
    at += 1;
  }
  return undefined;
}

export function bmpHeader(view: DataView): StoredPicture {
  if (view.getUint32(14, true) === 12) {
    return { width: view.getUint16(18, true), height: view.getUint16(20, true), exif: 1 };
  }
  // A negative height means that the first row is the top one.
  const [width, height] = [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
  return { width, height, exif: 1 };
}
