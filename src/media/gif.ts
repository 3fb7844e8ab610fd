import type { RgbImage, Size } from "./rgb-image.ts";

const IMAGE = 0x2c;
const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const TRAILER = 0x3b;

/**
 * Places the first frame of a GIF on its screen and fills the rest with the first colour of the
 * frame's palette, like Pillow, which read the training pictures. If the frame has a transparent
 * colour, the rest is white.
 *
 * image: the frame as libvips decodes it, on its screen or alone; it may be modified. libvips
 * ignores screens of some common sizes (640 × 480, 800 × 600, …) if the frame is smaller, and
 * leaves the rest of other screens black.
 */
export function layGifOnScreen(bytes: Uint8Array, image: RgbImage, screen: Size): RgbImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const frame = firstFrame(view);
    if (frame === undefined) return image;
    const whole = isAlone(image, frame, screen) ? placed(image, frame, screen) : image;
    if (frame.firstColour) paintAround(whole, frame, frame.firstColour);
    return whole;
  } catch (error) {
    if (error instanceof RangeError) return image; // truncated after the decoded frame
    throw error;
  }
}

/**
 * The file up to its first frame, which alone is shown. libvips enlarges its canvas for every frame
 * of a file, so later frames would decide about the size of the picture and the memory it takes.
 */
export function cutAfterFirstFrame(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const start = firstImageAt(view).at;
    if (view.getUint8(start) !== IMAGE) return bytes;
    const codeSizeAt = afterPalette(view, start + 9, start + 10);
    const end = afterBlocks(view, codeSizeAt + 1);
    const cut = new Uint8Array(end + 1);
    cut.set(bytes.subarray(0, end));
    cut[end] = TRAILER;
    return cut;
  } catch (error) {
    if (error instanceof RangeError) return bytes; // truncated within the first frame
    throw error;
  }
}

/** Whether the image is the bare frame, without its screen. */
function isAlone({ width, height }: RgbImage, frame: Frame, screen: Size): boolean {
  if (width === screen.width && height === screen.height) return false;
  return width === frame.right - frame.left && height === frame.bottom - frame.top;
}

function placed(image: RgbImage, { left, top }: Frame, { width, height }: Size): RgbImage {
  const rgb = new Uint8Array(width * height * 3).fill(255);
  for (let y = 0; y < image.height; y++) {
    const row = image.rgb.subarray(y * image.width * 3, (y + 1) * image.width * 3);
    rgb.set(row, ((top + y) * width + left) * 3);
  }
  return { rgb, width, height };
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
  /** Undefined if the frame has a transparent colour, or no palette. */
  readonly firstColour: readonly number[] | undefined;
}

/** The position after a sequence of blocks, which an empty block ends. */
function afterBlocks(view: DataView, from: number): number {
  let at = from;
  while (view.getUint8(at) !== 0) at += 1 + view.getUint8(at);
  return at + 1;
}

/** Where the first image begins, and whether it has a transparent colour. */
function firstImageAt(view: DataView): { readonly at: number; readonly transparent: boolean } {
  let at = afterPalette(view, 10, 13);
  let transparent = false;
  while (view.getUint8(at) === EXTENSION) {
    if (view.getUint8(at + 1) === GRAPHIC_CONTROL) transparent = (view.getUint8(at + 3) & 1) === 1;
    at = afterBlocks(view, at + 2);
  }
  return { at, transparent };
}

/** The place of the first frame on the screen; undefined if there is none. */
function firstFrame(view: DataView): Frame | undefined {
  const { at, transparent } = firstImageAt(view);
  if (view.getUint8(at) !== IMAGE) return undefined;
  const [left, top, width, height] = [1, 3, 5, 7].map((field) => view.getUint16(at + field, true));
  const own = afterPalette(view, at + 9, at + 10) > at + 10;
  const hasPalette = own || afterPalette(view, 10, 13) > 13;
  const firstColour =
    hasPalette && !transparent
      ? [0, 1, 2].map((channel) => view.getUint8((own ? at + 10 : 13) + channel))
      : undefined;
  return { left: left!, top: top!, right: left! + width!, bottom: top! + height!, firstColour };
}

function paintAround(
  { rgb, width, height }: RgbImage,
  frame: Frame,
  colour: readonly number[],
): void {
  for (let y = 0; y < height; y++) {
    const inside = y >= frame.top && y < frame.bottom;
    for (let x = 0; x < width; x++) {
      if (inside && x >= frame.left && x < frame.right) continue;
      rgb.set(colour, (y * width + x) * 3);
    }
  }
}
