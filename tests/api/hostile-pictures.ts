import { crc32, deflateSync } from "node:zlib";

/** Invalid pictures, written byte by byte, because no encoder produces them. */

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), body.length + 4);
  return frame;
}

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const NOTHING = new Uint8Array(0);

/** An RGB picture of that size with these pixels, whether or not they are enough. */
export function png(
  width: number,
  height: number,
  pixels: Uint8Array = new Uint8Array(height * (width * 3 + 1)),
  extra: readonly (readonly [type: string, data: Uint8Array])[] = [],
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    ...extra.map(([type, data]) => chunk(type, data)),
    chunk("IDAT", deflateSync(pixels)),
    chunk("IEND", NOTHING),
  ]);
}

/** A palette of two colours, and pixels that name the 200th. */
export function pngOutOfPalette(): Buffer {
  const header = Buffer.from([0, 0, 0, 2, 0, 0, 0, 1, 8, 3, 0, 0, 0]);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from([0, 0, 0, 255, 255, 255])),
    chunk("IDAT", deflateSync(Buffer.from([0, 200, 1]))),
    chunk("IEND", NOTHING),
  ]);
}

const ZEROS = deflateSync(new Uint8Array(32 * 2 ** 20));

/** A few KB that decompress to 32 MB: pixels, a comment or a colour profile. */
export const PNG_BOMBS = {
  pixels: () => png(8, 8, new Uint8Array(32 * 2 ** 20)),
  comment: () => png(8, 8, undefined, [["zTXt", Buffer.concat([Buffer.from("a\0\0"), ZEROS])]]),
  profile: () => png(8, 8, undefined, [["iCCP", Buffer.concat([Buffer.from("a\0\0"), ZEROS])]]),
} as const;

/** The beginning of a JPEG: a frame header that claims a size, then nothing. */
export function jpegHeader(width: number, height: number): Buffer {
  const frame = Buffer.from("ffd8ffc0001108000000000301110002110103110", "hex");
  const bytes = Buffer.concat([frame, Buffer.from([1])]);
  bytes.writeUInt16BE(height, 7);
  bytes.writeUInt16BE(width, 9);
  return bytes;
}

/** A GIF of one pixel and so many frames. */
export function gif(frames: number): Buffer {
  const head = Buffer.from("47494638396101000100800000000000ffffff", "hex");
  const frame = Buffer.from("21f904000a0000002c00000000010001000002024401" + "00", "hex");
  return Buffer.concat([head, ...Array<Buffer>(frames).fill(frame), Buffer.from([0x3b])]);
}

/** A WebP with the largest canvas that the format allows. */
export function webpCanvas(): Buffer {
  const bytes = Buffer.from("RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0", "latin1");
  bytes.writeUInt32LE(22, 4);
  return Buffer.concat([bytes, Buffer.from("ffffffffffff", "hex")]);
}

/** 24-bit pixels, bottom row first; a negative height means top row first. */
export function bmp(width: number, height: number, pixelBytes: number): Buffer {
  const bytes = Buffer.alloc(54 + pixelBytes);
  bytes.write("BM", "latin1");
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}
