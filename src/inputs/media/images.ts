import { createHash } from "node:crypto";
import type { ResizeFunction } from "../../backends/backend.ts";
import type { ImagePart } from "../../core/chat.ts";
import { decodeImage } from "../../media/image.ts";
import { placeTiles, type Resize, tilesOf } from "../../media/pixels.ts";
import { resizeCoefficients, resizeRgb } from "../../media/resize.ts";
import type { RgbImage } from "../../media/rgb-image.ts";
import { inspectImage } from "../../media/source.ts";
import { chooseGrid, type Grid } from "../../media/tiling.ts";
import type { ModelConfig } from "../../model/config.ts";
import { EmbeddingCache } from "./embedding-cache.ts";
import { MediaEmbedding } from "./media-embedding.ts";

/** Tiles and tokens of a picture. */
export interface PlannedImage {
  /** Pixels of the upright picture, before it is cut into tiles. */
  readonly width: number;
  readonly height: number;
  /** EXIF orientation that was applied; absent if the picture was upright. */
  readonly turn?: number;
  readonly grid: Grid;
  readonly tileCount: number;
  readonly tokens: number;
}

export interface OpenedImage extends PlannedImage {
  readonly embedding: MediaEmbedding;
}

interface DecodedImage extends RgbImage {
  readonly turn?: number;
}

/** Decodes and tiles pictures and caches their embeddings. */
export class ImageStore {
  private readonly config: ModelConfig;
  private readonly resize: Resize;
  private readonly cache: EmbeddingCache<OpenedImage>;

  constructor(config: ModelConfig, resize: Resize, maxBytes: number) {
    this.config = config;
    this.resize = resize;
    this.cache = new EmbeddingCache(maxBytes);
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
      ...turnOf(inspectImage(bytes, part)),
    }));
  }

  /** Reads the header only; the rest of the file may be damaged. */
  planFile(part: ImagePart, maxTiles: number): PlannedImage {
    const { pixels } = part;
    if (pixels) return this.plan(pixels.width, pixels.height, maxTiles);
    const header = inspectImage(part.bytes, part);
    return { ...this.plan(header.width, header.height, maxTiles), ...turnOf(header) };
  }

  /** Opens a picture by a key of its own; `decode` runs only if it is not in the cache. */
  async openAs(
    key: string,
    maxTiles: number,
    decode: () => Promise<DecodedImage>,
  ): Promise<OpenedImage> {
    const cached = this.cache.get(key);
    if (cached) return cached;
    const image = await decode();
    const plan = this.plan(image.width, image.height, maxTiles);
    const { tilePx } = this.config.vision;
    const places = await placeTiles(image, { grid: plan.grid, tilePx, resize: this.resize });
    const embedding = MediaEmbedding.of(this.config, { key, places });
    const { turn } = image;
    return this.cache.add({ ...plan, ...(turn === undefined ? {} : { turn }), embedding });
  }

  /** The cached picture of that key. */
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

function turnOf({ turn }: { readonly turn: number }): { readonly turn?: number } {
  return turn === 1 ? {} : { turn };
}

/** The backend's resize, or the one in TypeScript if the backend has none. */
export function createResize(native: ResizeFunction | undefined): Resize {
  if (native === undefined) return async (...args) => resizeRgb(...args);
  return async (image, width, height) => {
    const horizontal = resizeCoefficients(image.width, width);
    const vertical = resizeCoefficients(image.height, height);
    const rgb = await native(image, horizontal, vertical, width, height);
    return { rgb, width, height };
  };
}
