import type { RgbImage } from "./image.ts";

const IMAGE = 0x2c;
const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;

/**
 * Paints what the first frame of a GIF leaves free in the first colour of its palette, as Pillow
 * does, which the model's pictures were read with; the library leaves it black. A frame with a
 * transparent colour leaves the rest transparent.
 *
 * image: the first frame, in the size of the file; it is changed.
 */
export function paintGifBackground(bytes: Uint8Array, image: RgbImage): RgbImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const frame = firstFrame(view);
    if (frame) paintAround(image, frame);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // cut short behind what was decoded
  }
  return image;
}

function afterPalette(view: DataView, flagsAt: number, at: number): number {
  const flags = view.getUint8(flagsAt);
  return (flags & 0x80) === 0 ? at : at + 3 * 2 ** ((flags & 7) + 1);
}

interface Frame {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly firstColour: readonly number[];
}

/** Where the first frame lies; undefined where it has a transparent colour, or no palette. */
function firstFrame(view: DataView): Frame | undefined {
  let at = afterPalette(view, 10, 13);
  while (view.getUint8(at) === EXTENSION) {
    if (view.getUint8(at + 1) === GRAPHIC_CONTROL && (view.getUint8(at + 3) & 1) === 1)
      return undefined;
    at += 2;
    while (view.getUint8(at) !== 0) at += 1 + view.getUint8(at);
    at += 1;
  }
  if (view.getUint8(at) !== IMAGE) return undefined;
  const [left, top, width, height] = [1, 3, 5, 7].map((field) => view.getUint16(at + field, true));
  const own = afterPalette(view, at + 9, at + 10) > at + 10;
  if (!own && afterPalette(view, 10, 13) === 13) return undefined;
  const firstColour = [0, 1, 2].map((channel) => view.getUint8((own ? at + 10 : 13) + channel));
  return { left: left!, top: top!, right: left! + width!, bottom: top! + height!, firstColour };
}

function paintAround({ rgb, width, height }: RgbImage, frame: Frame) {
  for (let y = 0; y < height; y++) {
    const inside = y >= frame.top && y < frame.bottom;
    for (let x = 0; x < width; x++) {
      if (inside && x >= frame.left && x < frame.right) continue;
      rgb.set(frame.firstColour, (y * width + x) * 3);
    }
  }
}
