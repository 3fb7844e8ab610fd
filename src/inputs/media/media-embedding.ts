import type { Backend } from "../../backends/backend.ts";
import { assert } from "../../core/assert.ts";
import type { RgbImage } from "../../media/image.ts";
import { cutTile, normalisationTable, type TilePlace } from "../../media/pixels.ts";
import type { ModelConfig } from "../../model/config.ts";
import { firstFrame, retainedRows, retentionMask, retentionRanks } from "./evs.ts";

export interface VisualOptions {
  /** Equal keys, equal rows. */
  readonly key: string;
  /** Of a video: share of the rows that EVS leaves out once all of them are known. */
  readonly pruningRate?: number;
}

/** The place of a tile whose rows are known. */
const RELEASED_TILE: TilePlace = {
  image: { rgb: new Uint8Array(0), width: 0, height: 0 },
  left: 0,
  top: 0,
};

/**
 * Pixels on their way to rows of the language model: a picture's tiles or a video's frames. Shared
 * by all who show the same one. Tiles may be encoded as soon as they are added; how many rows there
 * are is known once it is sealed. Tiles of the same place of the same image are encoded once.
 */
export class MediaEmbedding {
  readonly key: string;
  readonly pruningRate: number;
  tilesDone = 0;
  /** Rows that are left of each tile; of a pruned video undefined until it is done. */
  tileTokens: readonly number[] | undefined;
  private readonly config: ModelConfig;
  readonly isVideo: boolean;
  private places: TilePlace[] = [];
  /** Tiles, and rows in the end; undefined until no more are added. */
  private sealed: { readonly tiles: number; readonly tokens: number } | undefined;
  /** Of each tile that is done, [tokens of the tile, hidden]. */
  private readonly values: Float32Array[] = [];
  /** Of each tile that is done, how far its rows are from those of the one before. */
  private readonly differences: Float32Array[] = [];

  constructor(config: ModelConfig, { key, pruningRate }: VisualOptions) {
    this.config = config;
    this.key = key;
    this.isVideo = pruningRate !== undefined;
    this.pruningRate = pruningRate ?? 0;
  }

  /** One with all of its tiles. */
  static of(
    config: ModelConfig,
    options: VisualOptions & { readonly places: readonly TilePlace[] },
  ): MediaEmbedding {
    const visual = new MediaEmbedding(config, options);
    for (const place of options.places) visual.add(place);
    visual.finish();
    return visual;
  }

  /** A video that is encoded with all of its rows, without some of them. */
  static pruned(whole: MediaEmbedding, options: Required<VisualOptions>): MediaEmbedding {
    assert(whole.done && whole.pruningRate === 0, "rows that were left out cannot be copied");
    const visual = new MediaEmbedding(whole.config, options);
    visual.places = whole.values.map(() => RELEASED_TILE);
    visual.values.push(...whole.values);
    visual.differences.push(...whole.differences);
    visual.tilesDone = whole.tilesDone;
    visual.finish();
    return visual;
  }

  add(place: TilePlace): void {
    assert(this.sealed === undefined, "a sealed visual takes no more tiles");
    this.places.push(place);
  }

  /** Its tiles are these images, whole and in this order. */
  holds(images: readonly RgbImage[]): boolean {
    return (
      images.length === this.places.length &&
      images.every((image, tile) => image === this.places[tile]!.image)
    );
  }

  /** No more tiles come. */
  finish(): void {
    const { tokensPerTile } = this.config.vision;
    const tiles = this.places.length;
    const prunes = this.pruningRate > 0;
    const all = tiles * tokensPerTile;
    const tokens = prunes ? retainedRows(tiles, tokensPerTile, this.pruningRate) : all;
    this.sealed = { tiles, tokens };
    if (!prunes) this.tileTokens = this.places.map(() => tokensPerTile);
    this.releasePixels();
  }

  get tileCount(): number {
    return this.sealed?.tiles ?? this.places.length;
  }

  /** Rows that it has in the end. */
  get tokens(): number {
    assert(this.sealed !== undefined, "rows are counted when all tiles are there");
    return this.sealed.tokens;
  }

  /** There is a tile that can be encoded now. */
  get hasPendingTile(): boolean {
    return this.tilesDone < this.tileCount;
  }

  get done(): boolean {
    return this.tilesDone === this.sealed?.tiles;
  }

  /** Rows that may be read, from the first on. */
  get rowsReady(): number {
    if (this.tileTokens === undefined) return 0;
    return this.done ? this.tokens : this.tilesDone * this.config.vision.tokensPerTile;
  }

  /** Bytes that it keeps in memory. */
  get bytes(): number {
    const images = new Set(this.places.map(({ image }) => image));
    const rows = [...new Set(this.values)].reduce((sum, { byteLength }) => sum + byteLength, 0);
    return [...images].reduce((sum, { rgb }) => sum + rgb.length, rows);
  }

  /** Rows from `first` on, `count` of them, in pieces: [how many come before, values]. */
  rows(first: number, count: number): (readonly [number, Float32Array])[] {
    assert(first + count <= this.rowsReady, "rows are read when they are there");
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

  /** Normalised pixels of the tile so many after the next one: [3, tilePx, tilePx]. */
  async nextPixels(backend: Backend, ahead = 0): Promise<Float32Array> {
    const place = this.places[this.tilesDone + ahead]!;
    const { tilePx: sidePx } = this.config.vision;
    const table = normalisationTable(this.config.image);
    const { left, top } = place;
    return backend.cutTile
      ? await backend.cutTile({ ...place.image, left, top, sidePx }, table)
      : cutTile(place, sidePx, table);
  }

  /** Rows of the next tile, where an earlier one shows the same. */
  get knownRows(): Float32Array | undefined {
    return this.values[this.firstLike(this.tilesDone)];
  }

  /** Of the tiles from the next one on, how many can be encoded together, `most` at most. */
  tilesAtOnce(most: number): number {
    let count = 1;
    const isNew = (tile: number) => tile < this.tileCount && this.firstLike(tile) === tile;
    while (count < most && isNew(this.tilesDone + count)) count += 1;
    return count;
  }

  /** The first tile that shows the same as this one. */
  private firstLike(tile: number): number {
    const { image, left, top } = this.places[tile]!;
    return this.places.findIndex((one) => {
      return one.image === image && one.left === left && one.top === top;
    });
  }

  /** What the next tile's rows are to be compared with: of a video, those of the frame before. */
  get rowsBefore(): Float32Array | undefined {
    return this.isVideo ? this.values.at(-1) : undefined;
  }

  /** Of a video whose frames are all done: each row's rank for EVS, [tiles · tokens of a tile]. */
  ranks(): Uint32Array {
    assert(this.done && this.isVideo, "a video is ranked when it is encoded");
    return retentionRanks(joined(this.differences));
  }

  /** Takes the projected rows of the next tile and their distances from `rowsBefore`. */
  accept(rows: Float32Array, differences?: Float32Array): void {
    if (this.isVideo) {
      this.differences.push(differences ?? firstFrame(this.config.vision.tokensPerTile));
    }
    this.values.push(rows);
    this.tilesDone += 1;
    this.releasePixels();
  }

  private releasePixels(): void {
    if (!this.done) return;
    this.places = []; // the pixels are not needed any more
    if (this.pruningRate > 0) this.prune();
  }

  private prune(): void {
    const { tokensPerTile: tokens } = this.config.vision;
    const { hidden } = this.config.text;
    const mask = retentionMask(joined(this.differences), this.tokens);
    this.tileTokens = this.values.map((rows, frame) => {
      const places = Array.from({ length: tokens }, (_, row) => row);
      const kept = places.filter((row) => mask[frame * tokens + row] === 1);
      if (kept.length === tokens) return tokens;
      const values = new Float32Array(kept.length * hidden);
      kept.forEach((row, at) => {
        values.set(rows.subarray(row * hidden, (row + 1) * hidden), at * hidden);
      });
      this.values[frame] = values;
      return kept.length;
    });
  }
}

function joined(pieces: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
