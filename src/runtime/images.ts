import { createHash } from "node:crypto";
import type { Backend, ResizeFunction } from "../backends/backend.ts";
import { decodeImage } from "../media/image.ts";
import {
  cutTile,
  normalisationTable,
  placeTiles,
  type Resize,
  type TilePlace,
} from "../media/pixels.ts";
import { resizeCoefficients, resizeRgb } from "../media/resize.ts";
import { chooseGrid, type Grid } from "../media/tiling.ts";
import type { ModelConfig } from "../model/config.ts";

interface TiledPicture {
  readonly width: number;
  readonly height: number;
  readonly grid: Grid;
  readonly places: readonly TilePlace[];
}

/** A picture on its way to rows of the language model. Shared by all who show the same one. */
export class EncodedImage {
  readonly key: string;
  /** Pixels of the picture as it came. */
  readonly width: number;
  readonly height: number;
  readonly grid: Grid;
  readonly tileCount: number;
  readonly tokens: number;
  /** [tokens, hidden]; whole once tilesDone equals tileCount. */
  readonly rows: Float32Array;
  tilesDone = 0;
  private places: readonly TilePlace[];
  private readonly config: ModelConfig;

  constructor(key: string, config: ModelConfig, picture: TiledPicture) {
    const { places, grid, width, height } = picture;
    this.key = key;
    this.grid = grid;
    this.width = width;
    this.height = height;
    this.config = config;
    this.places = places;
    this.tileCount = places.length;
    this.tokens = this.tileCount * config.vision.tokensPerTile;
    this.rows = new Float32Array(this.tokens * config.text.hidden);
  }

  get done(): boolean {
    return this.tilesDone === this.tileCount;
  }

  /** The next tile's pixels, normalised: [3, tilePx, tilePx]. */
  async nextPixels(backend: Backend): Promise<Float32Array> {
    const place = this.places[this.tilesDone]!;
    const { tilePx: sidePx } = this.config.vision;
    const table = normalisationTable(this.config.image);
    const { left, top } = place;
    return backend.cutTile
      ? await backend.cutTile({ ...place.image, left, top, sidePx }, table)
      : cutTile(place, sidePx, table);
  }

  /** Takes the projected rows of the next tile. */
  accept(rows: Float32Array): void {
    this.rows.set(rows, this.tilesDone * rows.length);
    this.tilesDone += 1;
    if (this.done) this.places = []; // the pixels are not needed any more
  }
}

/** Decodes, tiles and remembers pictures: a second showing of the same one costs nothing. */
export class ImageStore {
  private readonly config: ModelConfig;
  private readonly resize: Resize;
  private readonly bytesMax: number;
  private readonly cache = new Map<string, EncodedImage>();
  private bytes = 0;

  constructor(config: ModelConfig, nativeResize: ResizeFunction | undefined, bytesMax: number) {
    this.config = config;
    this.resize = nativeResize
      ? throughBackend(nativeResize)
      : async (...args) => resizeRgb(...args);
    this.bytesMax = bytesMax;
  }

  async open(file: Uint8Array, tilesMax: number): Promise<EncodedImage> {
    const key = `${createHash("sha256").update(file).digest("hex")} ${tilesMax}`;
    const known = this.cache.get(key);
    if (known) {
      this.cache.delete(key);
      this.cache.set(key, known); // the latest used comes last
      return known;
    }
    const image = await decodeImage(file);
    const { tilePx } = this.config.vision;
    const grid = chooseGrid(image.width, image.height, { tilePx, tilesMax });
    const places = await placeTiles(image, { grid, tilePx, resize: this.resize });
    const { width, height } = image;
    return this.remember(new EncodedImage(key, this.config, { width, height, grid, places }));
  }

  private remember(image: EncodedImage): EncodedImage {
    const raced = this.cache.get(image.key);
    if (raced) return raced;
    this.cache.set(image.key, image);
    this.bytes += image.rows.byteLength;
    for (const [key, oldest] of this.cache) {
      if (this.bytes <= this.bytesMax || oldest === image) break;
      this.cache.delete(key); // sequences that use it keep it alive
      this.bytes -= oldest.rows.byteLength;
    }
    return image;
  }
}

function throughBackend(resize: ResizeFunction): Resize {
  return async (image, width, height) => {
    const horizontal = resizeCoefficients(image.width, width);
    const vertical = resizeCoefficients(image.height, height);
    const rgb = await resize(image, horizontal, vertical, width, height);
    return { rgb, width, height };
  };
}
