import { assert } from "../core/assert.ts";
import type { RgbImage } from "./image.ts";
import { resizeRgb } from "./resize.ts";
import { countTiles, type Grid } from "./tiling.ts";

/** Resizes without keeping the aspect ratio. */
export type Resize = (image: RgbImage, width: number, height: number) => Promise<RgbImage>;

export interface TileOptions {
  readonly grid: Grid;
  readonly tilePx: number;
  /** Another implementation of resizeRgb with the same results. */
  readonly resize?: Resize;
}

export interface Tiles {
  /** [count, 3, tilePx, tilePx], 8 bits. */
  readonly tiles: Uint8Array;
  readonly count: number;
}

/**
 * Cuts an image into square tiles, row by row, with a thumbnail last if there are several.
 *
 * The whole image is stretched to the grid; its aspect ratio is not kept. The thumbnail is made
 * from the original image.                                         Source: MODEL.md § Tiling.
 */
export async function tileImage(image: RgbImage, options: TileOptions): Promise<Tiles> {
  const { grid, tilePx, resize = async (...args) => resizeRgb(...args) } = options;
  const count = countTiles(grid);
  const tileBytes = 3 * tilePx * tilePx;
  const tiles = new Uint8Array(count * tileBytes);
  const tileAt = (index: number): Uint8Array =>
    tiles.subarray(index * tileBytes, (index + 1) * tileBytes);

  const whole = await resize(image, tilePx * grid.columns, tilePx * grid.rows);
  for (let index = 0; index < grid.columns * grid.rows; index++) {
    const left = (index % grid.columns) * tilePx;
    const top = Math.floor(index / grid.columns) * tilePx;
    copyTile(whole, left, top, tilePx, tileAt(index));
  }
  if (count > 1) copyTile(await resize(image, tilePx, tilePx), 0, 0, tilePx, tileAt(count - 1));
  return { tiles, count };
}

/** Interleaved pixels to three planes. */
function copyTile(
  source: RgbImage,
  left: number,
  top: number,
  tilePx: number,
  target: Uint8Array,
): void {
  const plane = tilePx * tilePx;
  for (let y = 0; y < tilePx; y++) {
    let from = ((top + y) * source.width + left) * 3;
    for (let to = y * tilePx; to < (y + 1) * tilePx; to++, from += 3) {
      target[to] = source.rgb[from]!;
      target[to + plane] = source.rgb[from + 1]!;
      target[to + 2 * plane] = source.rgb[from + 2]!;
    }
  }
}

export interface Normalisation {
  /** Per channel R, G, B, for values from 0 to 1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** (pixel / 255 - mean) / std of [count, 3, tilePx, tilePx] pixels, in the same layout. */
export function normaliseTiles(
  { tiles, count }: Tiles,
  { mean, std }: Normalisation,
): Float32Array<ArrayBuffer> {
  assert(mean.length === 3 && std.length === 3, "three channels");
  const values = new Float32Array(tiles.length);
  const plane = tiles.length / (count * 3);
  for (let channel = 0; channel < 3; channel++) {
    const table = Float32Array.from(
      { length: 256 },
      (_, pixel) => (pixel / 255 - mean[channel]!) / std[channel]!,
    );
    for (let tile = 0; tile < count; tile++) {
      const start = (tile * 3 + channel) * plane;
      for (let at = start; at < start + plane; at++) values[at] = table[tiles[at]!]!;
    }
  }
  return values;
}
