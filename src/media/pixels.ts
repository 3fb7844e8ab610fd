import { assert } from "../core/assert.ts";
import { resizeRgb } from "./resize.ts";
import type { RgbImage } from "./rgb-image.ts";
import type { Grid } from "./tiling.ts";

/** Resizes without keeping the aspect ratio. */
export type Resize = (image: RgbImage, width: number, height: number) => Promise<RgbImage>;

export interface TileOptions {
  readonly grid: Grid;
  readonly tilePx: number;
  /** Replaces resizeRgb; the results must be the same. */
  readonly resize?: Resize;
}

export interface Tiles {
  /** [count, 3, tilePx, tilePx], 8 bits. */
  readonly tiles: Uint8Array;
  readonly count: number;
}

/** Position of a tile in a picture that has its final size. */
export interface TilePlace {
  readonly image: RgbImage;
  readonly left: number;
  readonly top: number;
}

/** Tiles of a grid, with a thumbnail if there are several. */
export function tilesOf({ columns, rows }: Grid): number {
  const tiles = columns * rows;
  return tiles === 1 ? 1 : tiles + 1;
}

/**
 * Stretches an image over its grid and locates each tile: row by row, with a thumbnail last if
 * there are several.
 *
 * The whole image is stretched to the grid; its aspect ratio is not kept. The thumbnail is made
 * from the original image.                                         Source: MODEL.md § Tiling.
 */
export async function placeTiles(image: RgbImage, options: TileOptions): Promise<TilePlace[]> {
  const { grid, tilePx, resize = async (...args) => resizeRgb(...args) } = options;
  const tiles = grid.columns * grid.rows;
  const whole = await resize(image, tilePx * grid.columns, tilePx * grid.rows);
  const places = Array.from({ length: tiles }, (_, index) => ({
    image: whole,
    left: (index % grid.columns) * tilePx,
    top: Math.floor(index / grid.columns) * tilePx,
  }));
  if (tiles === 1) return places;
  return [...places, { image: await resize(image, tilePx, tilePx), left: 0, top: 0 }];
}

/** The tiles of an image as pixels. */
export async function tileImage(image: RgbImage, options: TileOptions): Promise<Tiles> {
  const { tilePx } = options;
  const places = await placeTiles(image, options);
  const tileBytes = 3 * tilePx * tilePx;
  const tiles = new Uint8Array(places.length * tileBytes);
  places.forEach((place, index) => {
    copyTile(place, tilePx, tiles.subarray(index * tileBytes, (index + 1) * tileBytes));
  });
  return { tiles, count: places.length };
}

/** Converts interleaved pixels to three planes. */
function copyTile({ image, left, top }: TilePlace, tilePx: number, target: Uint8Array): void {
  const plane = tilePx * tilePx;
  for (let y = 0; y < tilePx; y++) {
    let from = ((top + y) * image.width + left) * 3;
    for (let to = y * tilePx; to < (y + 1) * tilePx; to++, from += 3) {
      target[to] = image.rgb[from]!;
      target[to + plane] = image.rgb[from + 1]!;
      target[to + 2 * plane] = image.rgb[from + 2]!;
    }
  }
}

export interface Normalisation {
  /** Per channel R, G, B, for values from 0 to 1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Normalised value of each channel's pixel 0 to 255: (pixel / 255 - mean) / std, [3, 256]. */
export function normalisationTable({ mean, std }: Normalisation): Float32Array<ArrayBuffer> {
  assert(mean.length === 3 && std.length === 3, "three channels");
  return Float32Array.from({ length: 3 * 256 }, (_, i) => {
    const channel = i >> 8;
    return ((i & 255) / 255 - mean[channel]!) / std[channel]!;
  });
}

/** Normalises one tile: [3, tilePx, tilePx]. */
export function cutTile(
  { image, left, top }: TilePlace,
  tilePx: number,
  table: Float32Array,
): Float32Array {
  const tile = new Uint8Array(3 * tilePx * tilePx);
  copyTile({ image, left, top }, tilePx, tile);
  return normalise(tile, 1, table);
}

/** Normalises [count, 3, tilePx, tilePx] pixels; the result has the same layout. */
export function normaliseTiles(
  { tiles, count }: Tiles,
  normalisation: Normalisation,
): Float32Array<ArrayBuffer> {
  return normalise(tiles, count, normalisationTable(normalisation));
}

function normalise(tiles: Uint8Array, count: number, table: Float32Array) {
  const values = new Float32Array(tiles.length);
  const plane = tiles.length / (count * 3);
  for (let part = 0; part < count * 3; part++) {
    const channel = (part % 3) * 256;
    for (let at = part * plane; at < (part + 1) * plane; at++) {
      values[at] = table[channel + tiles[at]!]!;
    }
  }
  return values;
}
