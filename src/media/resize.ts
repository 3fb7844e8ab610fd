import type { RgbImage } from "./rgb-image.ts";

/** Weights are whole numbers with this many fractional bits. */
export const WEIGHT_BITS = 22;

/**
 * One axis of a resize. Output o is the sum of counts[o] inputs from starts[o] on, times
 * weights[o · taps + i], in fixed point.
 */
export interface ResizeCoefficients {
  readonly taps: number;
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Int32Array;
}

const SUPPORT = 2;
const KEYS_A = -0.5;

/** The Keys cubic in the order of operations that Pillow uses. */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((KEYS_A + 2) * x - (KEYS_A + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * KEYS_A;
  return 0;
}

/**
 * Builds the tables of an antialiased bicubic resize along one axis, equal to Pillow's for 8-bit
 * pixels.
 *
 * The filter widens for shrinking; its weights are renormalised at the picture's edges.
 * Source: MODEL.md § Resizing.
 */
export function resizeCoefficients(input: number, output: number): ResizeCoefficients {
  const scale = input / output;
  const widening = Math.max(scale, 1);
  const support = SUPPORT * widening;
  const taps = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(output);
  const counts = new Int32Array(output);
  const weights = new Int32Array(output * taps);
  const exact = new Float64Array(taps);
  for (let o = 0; o < output; o++) {
    const center = (o + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(input, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      exact[i] = cubic((i + start - center + 0.5) * (1 / widening));
      sum += exact[i]!;
    }
    for (let i = 0; i < count; i++) {
      const scaled = (exact[i]! / (sum === 0 ? 1 : sum)) * 2 ** WEIGHT_BITS;
      weights[o * taps + i] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    starts[o] = start;
    counts[o] = count;
  }
  return { taps, starts, counts, weights };
}

const HALF = 1 << (WEIGHT_BITS - 1);

function clamp8(value: number): number {
  return Math.max(0, Math.min(255, value));
}

/** Resizes without keeping the aspect ratio: first along rows, then along columns. */
export function resizeRgb(image: RgbImage, width: number, height: number): RgbImage {
  return resizeHeight(resizeWidth(image, width), height);
}

function resizeWidth(image: RgbImage, width: number): RgbImage {
  if (width === image.width) return image;
  const { taps, starts, counts, weights } = resizeCoefficients(image.width, width);
  const { rgb: source, height } = image;
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let [r, g, b] = [HALF, HALF, HALF];
      let from = (y * image.width + starts[x]!) * 3;
      for (let i = 0; i < counts[x]!; i++, from += 3) {
        const weight = weights[x * taps + i]!;
        r += source[from]! * weight;
        g += source[from + 1]! * weight;
        b += source[from + 2]! * weight;
      }
      const to = (y * width + x) * 3;
      rgb[to] = clamp8(r >> WEIGHT_BITS);
      rgb[to + 1] = clamp8(g >> WEIGHT_BITS);
      rgb[to + 2] = clamp8(b >> WEIGHT_BITS);
    }
  }
  return { rgb, width, height };
}

function resizeHeight(image: RgbImage, height: number): RgbImage {
  if (height === image.height) return image;
  const { taps, starts, counts, weights } = resizeCoefficients(image.height, height);
  const { rgb: source, width } = image;
  const rowBytes = width * 3;
  const rgb = new Uint8Array(rowBytes * height);
  const sums = new Int32Array(rowBytes);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let i = 0; i < counts[y]!; i++) {
      const weight = weights[y * taps + i]!;
      const from = (starts[y]! + i) * rowBytes;
      for (let x = 0; x < rowBytes; x++) sums[x] = sums[x]! + source[from + x]! * weight;
    }
    for (let x = 0; x < rowBytes; x++) rgb[y * rowBytes + x] = clamp8(sums[x]! >> WEIGHT_BITS);
  }
  return { rgb, width, height };
}
