import type { RgbImage, Size } from "./rgb-image.ts";
import { inRanges, type Steps } from "./steps.ts";

/**
 * The transformation that makes a stored picture upright, numbered as in EXIF and TIFF (tag 274):
 * 1 none, 2 mirrored, 3 by 180°, 4 flipped, 5 transposed, 6 by 90° clockwise, 7 transversed,
 * 8 by 90° anticlockwise.
 */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

export function toOrientation(value: number | undefined): Orientation {
  const whole = value !== undefined && Number.isInteger(value) && value >= 1 && value <= 8;
  return whole ? (value as Orientation) : 1;
}

/** Whether the transformation swaps width and height. */
export function swapsSides(orientation: Orientation): boolean {
  return orientation >= 5;
}

/** The size of a picture after it is made upright. */
export function turnedSize<S extends Size>(size: S, orientation: Orientation): S {
  if (!swapsSides(orientation)) return size;
  return { ...size, width: size.height, height: size.width };
}

/** Offset of the stored pixel that becomes the first one, and the steps to the next ones. */
function walk({ width, height }: RgbImage, orientation: Orientation) {
  const [right, down] = [1, width];
  const last = { x: width - 1, y: (height - 1) * width };
  switch (orientation) {
    case 1:
      return { start: 0, alongRow: right, alongColumn: down };
    case 2:
      return { start: last.x, alongRow: -right, alongColumn: down };
    case 3:
      return { start: last.x + last.y, alongRow: -right, alongColumn: -down };
    case 4:
      return { start: last.y, alongRow: right, alongColumn: -down };
    case 5:
      return { start: 0, alongRow: down, alongColumn: right };
    case 6:
      return { start: last.y, alongRow: -down, alongColumn: right };
    case 7:
      return { start: last.x + last.y, alongRow: -down, alongColumn: -right };
    case 8:
      return { start: last.x, alongRow: down, alongColumn: -right };
  }
}

/** Makes the picture upright, in steps. Returns the same object if it already is. */
export function* turnUpright(image: RgbImage, orientation: Orientation): Steps<RgbImage> {
  if (orientation === 1) return image;
  const { start, alongRow, alongColumn } = walk(image, orientation);
  const { width, height } = turnedSize({ width: image.width, height: image.height }, orientation);
  const { rgb: source } = image;
  const rgb = new Uint8Array(source.length);
  const turnRow = (y: number): void => {
    let from = (start + y * alongColumn) * 3;
    const end = (y + 1) * width * 3;
    for (let to = y * width * 3; to < end; from += alongRow * 3, to += 3) {
      rgb[to] = source[from]!;
      rgb[to + 1] = source[from + 1]!;
      rgb[to + 2] = source[from + 2]!;
    }
  };
  const turnRows = (first: number, end: number): void => {
    for (let y = first; y < end; y++) turnRow(y);
  };
  yield* inRanges(height, turnRows, width);
  return { rgb, width, height };
}
