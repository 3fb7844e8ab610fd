import { createHash } from "node:crypto";
import type { ResizeFunction } from "../backends/backend.ts";
import { decodeImage } from "../media/image.ts";
import { placeTiles, type Resize } from "../media/pixels.ts";
import { resizeCoefficients, resizeRgb } from "../media/resize.ts";
import { chooseGrid, type Grid } from "../media/tiling.ts";
import type { ModelConfig } from "../model/config.ts";
import { Visual } from "./visual.ts";
import { VisualCache } from "./visual-cache.ts";

export interface OpenedImage {
  readonly visual: Visual;
  /** Pixels of the picture as it came. */
  readonly width: number;
  readonly height: number;
  readonly grid: Grid;
}

/** Decodes, tiles and remembers pictures: a second showing of the same one costs nothing. */
export class ImageStore {
  private readonly config: ModelConfig;
  private readonly resize: Resize;
  private readonly cache: VisualCache<OpenedImage>;

  constructor(config: ModelConfig, resize: Resize, bytesMax: number) {
    this.config = config;
    this.resize = resize;
    this.cache = new VisualCache(bytesMax);
  }

  async open(file: Uint8Array, tilesMax: number): Promise<OpenedImage> {
    const key = `${createHash("sha256").update(file).digest("hex")} ${tilesMax}`;
    const known = this.cache.get(key);
    if (known) return known;
    const image = await decodeImage(file);
    const { tilePx } = this.config.vision;
    const grid = chooseGrid(image.width, image.height, { tilePx, tilesMax });
    const places = await placeTiles(image, { grid, tilePx, resize: this.resize });
    const { width, height } = image;
    const visual = new Visual(this.config, { key, places });
    return this.cache.remember({ visual, width, height, grid });
  }
}

/** The backend's resize, or ours where it has none. */
export function resizeBy(native: ResizeFunction | undefined): Resize {
  if (native === undefined) return async (...args) => resizeRgb(...args);
  return async (image, width, height) => {
    const horizontal = resizeCoefficients(image.width, width);
    const vertical = resizeCoefficients(image.height, height);
    const rgb = await native(image, horizontal, vertical, width, height);
    return { rgb, width, height };
  };
}
