import type { Backend } from "../../backends/backend.ts";
import { assert } from "../../core/assert.ts";
import type { TilePlace } from "../../media/pixels.ts";
import type { RgbImage } from "../../media/rgb-image.ts";
import type { ModelConfig } from "../../model/config.ts";
import { retainedRows } from "./evs.ts";
import { FrameDistances } from "./frame-distances.ts";
import { TileQueue } from "./tile-queue.ts";

export interface EmbeddingOptions {
  /** Equal keys mean equal rows. */
  readonly key: string;
  /** Videos only: share of the rows that EVS drops once all frames are encoded. */
  readonly pruningRate?: number;
}

/**
 * Rows of the language model for one image or video: first a queue of tiles or frames, then their
 * projected rows. All requests that show the same media share one embedding.
 *
 * Tiles may be encoded as soon as they are added; the number of rows is known after `finish`.
 * Tiles with the same pixels are encoded once.
 */
export class MediaEmbedding {
  readonly key: string;
  readonly pruningRate: number;
  readonly isVideo: boolean;
  /** Rows kept of each tile; for a pruned video, undefined until all frames are encoded. */
  tileTokens: readonly number[] | undefined;
  private readonly config: ModelConfig;
  private tiles = new TileQueue();
  /** Number of rows in the end; undefined while tiles may be added. */
  private totalTokens: number | undefined;
  /** Rows of each encoded tile, [tokens of the tile, hidden]. */
  private values: Float32Array[] = [];
  /** Used for videos only. */
  private distances: FrameDistances;

  constructor(config: ModelConfig, { key, pruningRate }: EmbeddingOptions) {
    this.config = config;
    this.key = key;
    this.isVideo = pruningRate !== undefined;
    this.pruningRate = pruningRate ?? 0;
    this.distances = new FrameDistances(config.vision.tokensPerTile);
  }

  /** An embedding that has all of its tiles. */
  static of(
    config: ModelConfig,
    options: EmbeddingOptions & { readonly places: readonly TilePlace[] },
  ): MediaEmbedding {
    const embedding = new MediaEmbedding(config, options);
    for (const place of options.places) embedding.add(place);
    embedding.finish();
    return embedding;
  }

  /** Prunes a copy of a video that is encoded with all of its rows. */
  static pruned(whole: MediaEmbedding, options: Required<EmbeddingOptions>): MediaEmbedding {
    assert(whole.done && whole.pruningRate === 0, "only an unpruned video can be pruned");
    const embedding = new MediaEmbedding(whole.config, options);
    embedding.tiles = TileQueue.encoded(whole.tilesDone);
    embedding.values = [...whole.values];
    embedding.distances = whole.distances.copy();
    embedding.finish();
    return embedding;
  }

  add(place: TilePlace): void {
    this.tiles.add(place);
  }

  /** True if the tiles are these whole images, in this order. */
  hasExactly(images: readonly RgbImage[]): boolean {
    return this.tiles.hasExactly(images);
  }

  /** No more tiles follow. */
  finish(): void {
    const { tokensPerTile } = this.config.vision;
    this.tiles.finish();
    const { count } = this.tiles;
    const prunes = this.pruningRate > 0;
    this.totalTokens = prunes
      ? retainedRows(count, tokensPerTile, this.pruningRate)
      : count * tokensPerTile;
    if (!prunes) this.tileTokens = Array.from({ length: count }, () => tokensPerTile);
    this.prune();
  }

  get tileCount(): number {
    return this.tiles.count;
  }

  get tilesDone(): number {
    return this.tiles.encoded;
  }

  /** There is a tile that can be encoded now. */
  get hasPendingTile(): boolean {
    return this.tiles.hasPending;
  }

  get done(): boolean {
    return this.tiles.done;
  }

  /** Number of rows in the end. */
  get tokens(): number {
    assert(this.totalTokens !== undefined, "the number of rows is known after finish()");
    return this.totalTokens;
  }

  /** Number of rows, from the first on, that can be read now. */
  get rowsReady(): number {
    if (this.tileTokens === undefined) return 0;
    return this.done ? this.tokens : this.tilesDone * this.config.vision.tokensPerTile;
  }

  /** Bytes of pixels and rows in memory. */
  get bytes(): number {
    const rows = [...new Set(this.values)].reduce((sum, { byteLength }) => sum + byteLength, 0);
    return this.tiles.bytes + rows;
  }

  /** `count` rows from `first` on, in pieces: [rows of `count` before the piece, values]. */
  rows(first: number, count: number): (readonly [number, Float32Array])[] {
    assert(first + count <= this.rowsReady, "only encoded rows can be read");
    const { hidden } = this.config.text;
    const pieces: (readonly [number, Float32Array])[] = [];
    let begin = 0;
    for (const values of this.values) {
      const end = begin + values.length / hidden;
      const [from, to] = [Math.max(first, begin), Math.min(first + count, end)];
      const piece = values.subarray((from - begin) * hidden, (to - begin) * hidden);
      if (from < to) pieces.push([from - first, piece]);
      begin = end;
    }
    return pieces;
  }

  /** Normalised pixels [3, tilePx, tilePx] of the tile that is `ahead` places after the next. */
  async nextPixels(backend: Backend, ahead = 0): Promise<Float32Array> {
    return await this.tiles.pixels(backend, this.config, ahead);
  }

  /** Rows of the next tile if an earlier tile has the same pixels. */
  get knownRows(): Float32Array | undefined {
    return this.values[this.tiles.firstEqual];
  }

  /** Number of tiles from the next one on, 1 to `max`, that can be encoded together. */
  tilesAtOnce(max: number): number {
    return this.tiles.batchSize(max);
  }

  /** Rows of the frame before the next one; undefined for images and for the first frame. */
  get rowsBefore(): Float32Array | undefined {
    return this.isVideo ? this.values.at(-1) : undefined;
  }

  /** Rank of each row of an encoded video for EVS, [frames · tokensPerTile]. */
  ranks(): Uint32Array {
    assert(this.done && this.isVideo, "only an encoded video has ranks");
    return this.distances.ranks();
  }

  /** Takes the projected rows of the next tile and their distances from `rowsBefore`. */
  accept(rows: Float32Array, distances?: Float32Array): void {
    if (this.isVideo) this.distances.add(distances);
    this.values.push(rows);
    this.tiles.advance();
    this.prune();
  }

  private prune(): void {
    if (!this.done || this.pruningRate === 0) return;
    const pruned = this.distances.prune(this.values, this.tokens);
    this.values = [...pruned.values];
    this.tileTokens = pruned.tileTokens;
  }
}
