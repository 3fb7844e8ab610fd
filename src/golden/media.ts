// Cases of tiling and preprocessing: pictures → tiles of pixels, equal to the last byte.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Backend } from "../backends/backend.ts";
import { decodeImage } from "../media/image.ts";
import { normaliseTiles, type Resize, tileImage } from "../media/pixels.ts";
import { resizeCoefficients } from "../media/resize.ts";
import { chooseGrid, countTiles } from "../media/tiling.ts";
import type { ModelConfig } from "../model/config.ts";
import type { CaseFile } from "./case-files.ts";
import type { Comparison } from "./comparison.ts";

const PIXEL_TOLERANCE = 1e-6;
/** Patches that become one token. */
const PATCHES_PER_TOKEN = 4;

interface TilingCase {
  readonly patch_size: number;
  readonly cases: readonly {
    readonly tile: number;
    readonly max_tiles: number;
    readonly width: number;
    readonly height: number;
    readonly columns: number;
    readonly rows: number;
    readonly num_tiles: number;
    readonly num_tokens: number;
  }[];
}

export function compareTiling(file: CaseFile, comparison: Comparison): void {
  const { cases, patch_size: patchPx } = file.json as unknown as TilingCase;
  for (const entry of cases) {
    const limits = { tilePx: entry.tile, maxTiles: entry.max_tiles };
    const grid = chooseGrid(entry.width, entry.height, limits);
    const tiles = countTiles(grid);
    const tokens = (tiles * (entry.tile / patchPx) ** 2) / PATCHES_PER_TOKEN;
    const found = `${grid.columns}x${grid.rows}, ${tiles} tiles, ${tokens} tokens`;
    const { columns, rows, num_tiles, num_tokens } = entry;
    const golden = `${columns}x${rows}, ${num_tiles} tiles, ${num_tokens} tokens`;
    comparison.same(`${entry.width}x${entry.height}`, found, golden);
  }
  comparison.note(`${cases.length} sizes`);
}

interface PreprocessCase {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
  readonly num_tiles: number;
}

export async function comparePreprocessing(
  backend: Backend,
  config: ModelConfig,
  file: CaseFile,
  comparison: Comparison,
): Promise<void> {
  const json = file.json as unknown as PreprocessCase;
  const bytes = await readFile(join(file.dir, json.file));
  const image = await decodeImage(bytes, { exifOrientation: "ignore" });
  comparison.same("width", image.width, json.width);
  comparison.same("height", image.height, json.height);
  comparison.within("rgb", image.rgb, file.tensors.bytes("rgb"), 0);
  const { tilePx } = config.vision;
  const grid = chooseGrid(image.width, image.height, { tilePx, maxTiles: config.image.maxTiles });
  comparison.same("grid", `${grid.columns}x${grid.rows}`, `${json.columns}x${json.rows}`);
  const resizes = [undefined, backendResize(backend)];
  for (const resize of backend.resize ? resizes : [undefined]) {
    const tiles = await tileImage(image, { grid, tilePx, ...(resize && { resize }) });
    comparison.same("tiles", tiles.count, json.num_tiles);
    const by = resize ? ` by ${backend.name}` : "";
    comparison.within(`resized${by}`, tiles.tiles, file.tensors.bytes("resized"), 0);
    const values = normaliseTiles(tiles, config.image);
    const golden = file.tensors.floats("pixel_values");
    comparison.within("pixel_values", values, golden, PIXEL_TOLERANCE);
  }
}

/** The backend's own resize, if it has one. */
export function backendResize(backend: Backend): Resize | undefined {
  const { resize } = backend;
  if (!resize) return undefined;
  return async (image, width, height) => {
    const horizontal = resizeCoefficients(image.width, width);
    const vertical = resizeCoefficients(image.height, height);
    const rgb = await resize(image, horizontal, vertical, width, height);
    return { rgb, width, height };
  };
}
