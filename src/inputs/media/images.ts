import { createHash } from "node:crypto";
import type { ResizeFunction } from "../../backends/backend.ts";
import type { ImagePart } from "../../core/chat.ts";
import { decodeImage, type RgbImage } from "../../media/image.ts";
import { placeTiles, type Resize, tilesOf } from "../../media/pixels.ts";
import { resizeCoefficients, resizeRgb } from "../../media/resize.ts";
import { inspectImage } from "../../media/source.ts";
import { chooseGrid, type Grid } from "../../media/tiling.ts";
import type { ModelConfig } from "../../model/config.ts";
import { VisualCache } from "./embedding-cache.ts";
import { MediaEmbedding } from "./media-embedding.ts";

/** How a picture is cut into tiles, and what it costs. */
export interface PlannedImage {
  /** Pixels of the picture as the model is shown it, before it is cut into tiles. */
  readonly width: number;
  readonly height: number;
  /** How it was turned to stand upright, as EXIF numbers it; absent if it was not. */
  readonly turn?: number;
  readonly grid: Grid;
  readonly tileCount: number;
  readonly tokens: number;
}

export interface OpenedImage extends PlannedImage {
  readonly visual: MediaEmbedding;
}

interface DecodedImage extends RgbImage {
  readonly turn?: number;
}

/** Decodes, tiles and remembers pictures: a second showing of the same one costs nothing. */
export class ImageStore {
  private readonly config: ModelConfig;
  private readonly resize: Resize;
  private readonly cache: VisualCache<OpenedImage>;

  constructor(config: ModelConfig, resize: Resize, maxBytes: number) {
    this.config = config;
    this.resize = resize;
    this.cache = new VisualCache(maxBytes);
  }

  async open(part: ImagePart, maxTiles: number): Promise<OpenedImage> {
    const { bytes, pixels, exifOrientation = "apply" } = part;
    if (pixels) {
      const { rgb, width, height } = pixels;
      const hash = createHash("sha256").update(rgb).digest("hex");
      return await this.openAs(
        `${hash} ${width}×${height} ${maxTiles}`,
        maxTiles,
        async () => pixels,
      );
    }
    const hash = createHash("sha256").update(bytes).digest("hex");
    const key = `${hash} ${maxTiles} ${exifOrientation}`;
    return await this.openAs(key, maxTiles, async () => ({
      ...(await decodeImage(bytes, part)),
      ...turned(inspectImage(bytes, part)),
    }));
  }

  /** The same by the header alone: the picture may yet turn out to be damaged. */
  planFile(part: ImagePart, maxTiles: number): PlannedImage {
    const { pixels } = part;
    if (pixels) return this.plan(pixels.width, pixels.height, maxTiles);
    const header = inspectImage(part.bytes, part);
    return { ...this.plan(header.width, header.height, maxTiles), ...turned(header) };
  }

  /** The same of any picture with a key of its own; its pixels are made only if needed. */
  async openAs(
    key: string,
    maxTiles: number,
    decode: () => Promise<DecodedImage>,
  ): Promise<OpenedImage> {
    const known = this.cache.get(key);
    if (known) return known;
    const image = await decode();
    const plan = this.plan(image.width, image.height, maxTiles);
    const { tilePx } = this.config.vision;
    const places = await placeTiles(image, { grid: plan.grid, tilePx, resize: this.resize });
    const visual = MediaEmbedding.of(this.config, { key, places });
    const { turn } = image;
    return this.cache.remember({ ...plan, ...(turn === undefined ? {} : { turn }), visual });
  }

  /** What was opened by that key and is still remembered. */
  find(key: string): OpenedImage | undefined {
    return this.cache.get(key);
  }

  plan(width: number, height: number, maxTiles: number): PlannedImage {
    const { tilePx, tokensPerTile } = this.config.vision;
    const grid = chooseGrid(width, height, { tilePx, maxTiles });
    const tileCount = tilesOf(grid);
    return { width, height, grid, tileCount, tokens: tileCount * tokensPerTile };
  }
}

function turned({ turn }: { readonly turn: number }): { readonly turn?: number } {
  return turn === 1 ? {} : { turn };
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
