import type { ResizeFunction } from "../../backends/backend.ts";
import type { ImagePart } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import { hashMedia, type MediaOwner } from "../../media/media-owner.ts";
import { placeTiles, type Resize, tilesOf } from "../../media/pixels.ts";
import { resizeCoefficients, resizeRgb } from "../../media/resize.ts";
import type { RgbImage } from "../../media/rgb-image.ts";
import { inspectImage } from "../../media/source.ts";
import { chooseGrid, type Grid } from "../../media/tiling.ts";
import type { ModelConfig } from "../../model/config.ts";
import { EmbeddingCache } from "./embedding-cache.ts";
import { MediaEmbedding } from "./media-embedding.ts";
import type { PictureDecoder } from "./picture-decoder.ts";

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

export interface ImageStoreOptions {
  readonly config: ModelConfig;
  readonly resize: Resize;
  readonly decoder: PictureDecoder;
  /** Size of the cache. */
  readonly maxBytes: number;
}

export interface OpenImageOptions {
  readonly maxTiles: number;
  readonly owner: MediaOwner;
  readonly signal: AbortSignal;
}

/** Decodes and tiles pictures and caches their embeddings. */
export class ImageStore {
  private readonly config: ModelConfig;
  private readonly resize: Resize;
  private readonly decoder: PictureDecoder;
  private readonly cache: EmbeddingCache<OpenedImage>;

  constructor({ config, resize, decoder, maxBytes }: ImageStoreOptions) {
    this.config = config;
    this.resize = resize;
    this.decoder = decoder;
    this.cache = new EmbeddingCache(maxBytes);
  }

  /** Throws what decoding throws, queue_full and the signal's reason. */
  async open(part: ImagePart, options: OpenImageOptions): Promise<OpenedImage> {
    const { bytes, pixels, exifOrientation = "apply" } = part;
    const { maxTiles, owner, signal } = options;
    if (pixels) {
      const { rgb, width, height } = pixels;
      const key = `${await hashMedia(owner, [rgb])} ${width}×${height} ${maxTiles}`;
      return this.find(key) ?? (await this.add(key, maxTiles, pixels, owner));
    }
    const key = `${await hashMedia(owner, [bytes])} ${maxTiles} ${exifOrientation}`;
    const cached = this.find(key);
    if (cached) return cached;
    return await this.decoder.decode(bytes, { ...part, owner, signal }, async (image) => {
      const turned = { ...image, ...turnOf(inspectImage(bytes, part)) };
      return await this.add(key, maxTiles, turned, owner);
    });
  }

  /** Reads the header only; the rest of the file may be damaged. */
  planFile(part: ImagePart, maxTiles: number): PlannedImage {
    const { pixels } = part;
    if (pixels) return this.plan(pixels.width, pixels.height, maxTiles);
    const header = inspectImage(part.bytes, part);
    return { ...this.plan(header.width, header.height, maxTiles), ...turnOf(header) };
  }

  /** Cuts a decoded picture into tiles and caches it under its own key, if it may be kept. */
  async add(
    key: string,
    maxTiles: number,
    image: DecodedImage,
    { keepsNothing = false }: MediaOwner,
  ): Promise<OpenedImage> {
    const plan = this.plan(image.width, image.height, maxTiles);
    const { tilePx } = this.config.vision;
    const places = await placeTiles(image, { grid: plan.grid, tilePx, resize: this.resize });
    const embedding = MediaEmbedding.of(this.config, { key, places });
    const { turn } = image;
    const opened = { ...plan, ...defined({ turn }), embedding };
    return keepsNothing ? opened : this.cache.add(opened);
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
