// Icons and cursors (ICO, CUR) are a directory of pictures, each a PNG or the body of a BMP. The
// largest one is used; among equal sizes, the one with the most colours.

import { decodeBmp, type RgbaPixels } from "./bmp.ts";

export interface IcoPicture {
  readonly width: number;
  readonly height: number;
  readonly isPng: boolean;
  readonly bytes: Uint8Array;
}

const BMP_HEADER_BYTES = 14;
const PNG_MAGIC = 0x89504e47;

/**
 * Throws RangeError if the directory or its picture lies outside of the file, or if the stored
 * height, which counts the picture and its mask, is odd.
 */
export function icoPicture(bytes: Uint8Array): IcoPicture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isCursor = view.getUint16(2, true) === 2;
  const entries = Array.from({ length: Math.min(view.getUint16(4, true), 256) }, (_, index) => {
    const at = 6 + index * 16;
    const area = (view.getUint8(at) || 256) * (view.getUint8(at + 1) || 256);
    const bits = isCursor ? 0 : view.getUint16(at + 6, true);
    return { area, bits, at: view.getUint32(at + 12, true), size: view.getUint32(at + 8, true) };
  });
  entries.sort((a, b) => b.area - a.area || b.bits - a.bits);
  const { at = 0, size = 0 } = entries[0] ?? {};
  const isPng = view.getUint32(at) === PNG_MAGIC;
  const [width, height] = isPng
    ? [view.getUint32(at + 16), view.getUint32(at + 20)]
    : [view.getInt32(at + 4, true), Math.abs(view.getInt32(at + 8, true)) / 2];
  if (!Number.isInteger(height)) throw new RangeError("the mask has another height");
  return { width, height, isPng, bytes: bytes.subarray(at, at + size) };
}

/**
 * Decodes the body of a BMP in an icon: its colours, then a mask of one bit per pixel for
 * transparency. With 32 bits per pixel the fourth byte is alpha unless it is 0 everywhere.
 *
 * Throws media_undecodable, and RangeError.
 */
export function decodeIcoBody({ bytes, width, height }: IcoPicture): RgbaPixels {
  const body = Buffer.from(bytes);
  const bits = body.readUInt16LE(14);
  const colours = bits <= 8 ? body.readUInt32LE(32) || 2 ** bits : 0;
  const pixelsAt = body.readUInt32LE(0) + colours * 4;
  body.writeInt32LE(height, 8);
  const head = Buffer.alloc(BMP_HEADER_BYTES);
  head.write("BM");
  head.writeUInt32LE(BMP_HEADER_BYTES + pixelsAt, 10);
  const pixels = decodeBmp(Buffer.concat([head, body]));
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const alpha = bits === 32 ? storedAlpha(body, pixelsAt, pixels) : undefined;
  if (alpha?.some((value) => value > 0))
    alpha.forEach((value, at) => void setAlpha(pixels, at, value));
  else applyMask(body.subarray(pixelsAt + rowBytes * height), pixels);
  return pixels;
}

function setAlpha({ rgba }: RgbaPixels, pixel: number, value: number): void {
  rgba[pixel * 4 + 3] = value;
}

/** Rows are stored bottom-up. */
function storedAlpha(body: Buffer, at: number, { width, height }: RgbaPixels): Uint8Array {
  const alpha = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      alpha[y * width + x] = body.readUInt8(at + ((height - 1 - y) * width + x) * 4 + 3);
    }
  }
  return alpha;
}

function applyMask(mask: Uint8Array, pixels: RgbaPixels): void {
  const { width, height } = pixels;
  const rowBytes = Math.ceil(width / 32) * 4;
  if (mask.length < rowBytes * height) return;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const byte = mask[(height - 1 - y) * rowBytes + (x >> 3)]!;
      if ((byte >> (7 - (x & 7))) & 1) setAlpha(pixels, y * width + x, 0);
    }
  }
}
