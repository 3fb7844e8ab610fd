import { VireoError } from "../core/errors.ts";
import { inRanges, runAtOnce, type Steps } from "./steps.ts";

/** Rows from the top, 4 bytes R G B A per pixel. */
export interface RgbaPixels {
  readonly rgba: Uint8Array;
  readonly width: number;
  readonly height: number;
}

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly pixelsAt: number;
  readonly rowBytes: number;
  readonly masks: readonly Mask[];
  /** The rows are runs of palette indices of 8 or 4 bits (BI_RLE8, BI_RLE4). */
  readonly runs: boolean;
}

/** Pairs of a run-length encoded file that are read in a step; each paints up to 255 pixels. */
const PAIRS_PER_STEP = 4096;

interface Mask {
  readonly shift: number;
  readonly most: number;
}

/**
 * Decodes a BMP of 1, 4, 8, 16, 24 or 32 bits per pixel, including run-length encoded ones.
 *
 * Uncompressed pixel data must be complete. A run paints at most the rest of its row, so the work
 * is bounded by the file's size or the number of pixels. The fourth byte of a 32-bit
 * pixel is alpha only if the file declares a mask for it.
 *
 * Throws media_undecodable.
 */
export function decodeBmp(bytes: Uint8Array): RgbaPixels {
  return runAtOnce(bmpInSteps(bytes));
}

/** Decodes like decodeBmp, in steps. */
export function* bmpInSteps(bytes: Uint8Array): Steps<RgbaPixels> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const layout = readLayout(view);
    const { width, height, bits } = layout;
    const rgba = new Uint8Array(width * height * 4);
    const palette = bits <= 8 ? readPalette(view, layout) : undefined;
    if (layout.runs) {
      const indices = yield* readRuns(view, layout);
      const paint = (first: number, end: number): void => {
        const part = new DataView(indices.buffer, first, end - first);
        paintIndices(part, rgba.subarray(first * 4, end * 4), 8, palette!);
      };
      yield* inRanges(indices.length, paint);
      return { rgba, width, height };
    }
    const paintRow = (row: number): void => {
      const stored = layout.topDown ? row : height - 1 - row;
      const source = new DataView(
        bytes.buffer,
        bytes.byteOffset + layout.pixelsAt + stored * layout.rowBytes,
        layout.rowBytes,
      );
      const target = rgba.subarray(row * width * 4, (row + 1) * width * 4);
      if (palette !== undefined) paintIndices(source, target, bits, palette);
      else if (bits === 24) paintBgr(source, target);
      else paintMasked(source, target, layout);
    };
    const paintRows = (first: number, end: number): void => {
      for (let row = first; row < end; row++) paintRow(row);
    };
    yield* inRanges(height, paintRows, width);
    return { rgba, width, height };
  } catch (cause) {
    if (cause instanceof RangeError) throw damaged("it ends too early");
    throw cause;
  }
}

function damaged(why: string): VireoError {
  return new VireoError("media_undecodable", `the bmp image cannot be decoded: ${why}`);
}

const COMPRESSIONS: ReadonlyMap<number, string> = new Map([
  [4, "JPEG"],
  [5, "PNG"],
]);

function notRead(compression: number): VireoError {
  const name = COMPRESSIONS.get(compression) ?? `of number ${compression}`;
  const message = `BMP with compression ${name} is not read; send it uncompressed, or as PNG`;
  return new VireoError("unsupported_media_type", message);
}

function readLayout(view: DataView): Layout {
  const headerBytes = view.getUint32(14, true);
  const old = headerBytes === 12;
  const signedHeight = old ? view.getUint16(20, true) : view.getInt32(22, true);
  const width = old ? view.getUint16(18, true) : view.getInt32(18, true);
  const height = Math.abs(signedHeight);
  const bits = view.getUint16(old ? 24 : 28, true);
  const compression = old ? 0 : view.getUint32(30, true);
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw damaged(`${bits} bits per pixel`);
  const masked = (compression === 3 || compression === 6) && (bits === 16 || bits === 32);
  const runs = (compression === 1 && bits === 8) || (compression === 2 && bits === 4);
  if (compression !== 0 && !masked && !runs) throw notRead(compression);
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const pixelsAt = view.getUint32(10, true);
  if (!(width > 0 && height > 0)) throw damaged("it has no pixels");
  const least = runs ? 1 : rowBytes * height;
  if (pixelsAt + least > view.byteLength) throw damaged("it ends too early");
  const masks = masked ? readMasks(view, headerBytes, compression) : standardMasks(bits);
  return { width, height, topDown: signedHeight < 0, bits, pixelsAt, rowBytes, masks, runs };
}

/**
 * Decodes the indices of all pixels, rows from the top. Pixels that no run paints are 0. A pair of
 * bytes is a run, or after a zero an escape: 0 ends the row, 1 ends the picture, 2 moves right and
 * up, and a larger number n precedes n literal indices, padded to two bytes.
 */
function* readRuns(view: DataView, layout: Layout): Steps<Uint8Array> {
  const { width, height, topDown, bits, pixelsAt } = layout;
  const indices = new Uint8Array(width * height);
  let [x, row, at] = [0, 0, pixelsAt];
  const paint = (count: number, byteOf: (pixel: number) => number): void => {
    const line = (topDown ? row : height - 1 - row) * width;
    const end = Math.min(width, x + count);
    for (let pixel = 0; x < end; pixel++, x++) {
      const byte = byteOf(pixel);
      indices[line + x] = bits === 8 ? byte : pixel % 2 === 0 ? byte >> 4 : byte & 15;
    }
  };
  for (let pairs = 1; row < height && at + 1 < view.byteLength; pairs++) {
    if (pairs % PAIRS_PER_STEP === 0) yield;
    const [count, value] = [view.getUint8(at), view.getUint8(at + 1)];
    at += 2;
    if (count > 0) paint(count, () => value);
    else if (value === 0) [x, row] = [0, row + 1];
    else if (value === 1) break;
    else if (value === 2) {
      [x, row] = [x + view.getUint8(at), row + view.getUint8(at + 1)];
      at += 2;
    } else {
      const [perByte, from] = [8 / bits, at];
      paint(value, (pixel) => view.getUint8(from + Math.floor(pixel / perByte)));
      at += Math.ceil(value / perByte / 2) * 2;
    }
  }
  return indices;
}

function readMasks(view: DataView, headerBytes: number, compression: number): Mask[] {
  const count = compression === 6 || headerBytes >= 56 ? 4 : 3;
  return Array.from({ length: count }, (_, index) => toMask(view.getUint32(54 + index * 4, true)));
}

function standardMasks(bits: number): Mask[] {
  if (bits === 16) return [0x7c00, 0x3e0, 0x1f].map(toMask);
  return [0xff0000, 0xff00, 0xff].map(toMask);
}

function toMask(mask: number): Mask {
  if (mask === 0) return { shift: 0, most: 0 };
  const shift = 31 - Math.clz32(mask & -mask);
  return { shift, most: mask >>> shift };
}

function readPalette(view: DataView, { bits, pixelsAt }: Layout): Uint8Array {
  const headerBytes = view.getUint32(14, true);
  const entryBytes = headerBytes === 12 ? 3 : 4;
  const declared = headerBytes === 12 ? 0 : view.getUint32(46, true);
  const start = 14 + headerBytes;
  const room = Math.max(0, Math.floor((pixelsAt - start) / entryBytes));
  const count = Math.min(declared || 2 ** bits, 2 ** bits, room);
  // Colours that the file does not define are black.
  const palette = new Uint8Array(256 * 3);
  for (let index = 0; index < count; index++) {
    for (let channel = 0; channel < 3; channel++) {
      palette[index * 3 + channel] = view.getUint8(start + index * entryBytes + 2 - channel);
    }
  }
  return palette;
}

function paintIndices(row: DataView, target: Uint8Array, bits: number, palette: Uint8Array): void {
  const perByte = 8 / bits;
  for (let x = 0; x < target.length / 4; x++) {
    const byte = row.getUint8(Math.floor(x / perByte));
    const index = (byte >>> (8 - bits - (x % perByte) * bits)) & (2 ** bits - 1);
    for (let c = 0; c < 3; c++) target[x * 4 + c] = palette[index * 3 + c]!;
    target[x * 4 + 3] = 255;
  }
}

function paintBgr(row: DataView, target: Uint8Array): void {
  for (let x = 0; x < target.length / 4; x++) {
    for (let channel = 0; channel < 3; channel++) {
      target[x * 4 + channel] = row.getUint8(x * 3 + 2 - channel);
    }
    target[x * 4 + 3] = 255;
  }
}

function paintMasked(row: DataView, target: Uint8Array, { bits, masks }: Layout): void {
  for (let x = 0; x < target.length / 4; x++) {
    const pixel = bits === 16 ? row.getUint16(x * 2, true) : row.getUint32(x * 4, true);
    target[x * 4 + 3] = 255;
    masks.forEach(({ shift, most }, channel) => {
      // A channel without a mask is 0; without an alpha mask the picture is opaque.
      if (most === 0) return;
      const value = ((pixel >>> shift) & most) >>> 0;
      target[x * 4 + channel] = Math.floor((value * 255) / most);
    });
  }
}
