import type { Backend } from "../backends/backend.ts";
import { assert } from "../core/assert.ts";
import { cutTile, normalisationTable, type TilePlace } from "../media/pixels.ts";
import type { ModelConfig } from "../model/config.ts";
import {
  compareFrames,
  type FrameRows,
  measureFrame,
  retainedRows,
  retentionMask,
  retentionRanks,
} from "./evs.ts";

export interface VisualOptions {
  /** Equal keys, equal rows. */
  readonly key: string;
  /** Tiles of a picture, or frames of a video. */
  readonly places: readonly TilePlace[];
  /** Of a video: share of the rows that EVS leaves out once all of them are known. */
  readonly pruningRate?: number;
  /** Instead of places: the same video, encoded, with all of its rows. */
  readonly whole?: Visual;
}

/**
 * Pixels on their way to rows of the language model: a picture's tiles or a video's frames. Shared
 * by all who show the same one.
 */
export class Visual {
  readonly key: string;
  readonly tileCount: number;
  /** Rows that it has in the end. */
  readonly tokens: number;
  readonly pruningRate: number;
  tilesDone = 0;
  /** Rows that are left of each tile; of a pruned video undefined until it is done. */
  tileTokens: readonly number[] | undefined;
  private places: readonly TilePlace[];
  private readonly config: ModelConfig;
  /** Of each tile that is done, [tokens of the tile, hidden]. */
  private readonly values: Float32Array[] = [];
  private readonly differences: Float32Array;
  private newest: FrameRows | undefined;

  constructor(config: ModelConfig, { key, places, pruningRate, whole }: VisualOptions) {
    const { tokensPerTile } = config.vision;
    this.key = key;
    this.config = config;
    this.places = places;
    this.pruningRate = pruningRate ?? 0;
    this.tileCount = whole?.tileCount ?? places.length;
    const all = this.tileCount * tokensPerTile;
    const prunes = this.pruningRate > 0;
    this.tokens = prunes ? retainedRows(this.tileCount, tokensPerTile, this.pruningRate) : all;
    this.tileTokens = prunes ? undefined : places.map(() => tokensPerTile);
    this.differences = new Float32Array(pruningRate === undefined ? 0 : all);
    if (whole !== undefined) this.copy(whole);
  }

  get done(): boolean {
    return this.tilesDone === this.tileCount;
  }

  /** Rows that may be read, from the first on. */
  get rowsReady(): number {
    if (this.tileTokens === undefined) return 0;
    return this.done ? this.tokens : this.tilesDone * this.config.vision.tokensPerTile;
  }

  /** Bytes that it keeps in memory. */
  get bytes(): number {
    const images = new Set(this.places.map(({ image }) => image));
    const rows = this.values.reduce((sum, { byteLength }) => sum + byteLength, 0);
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

  /** Takes the projected rows of the next tile, and keeps them. */
  accept(rows: Float32Array): void {
    if (this.differences.length > 0) this.compare(rows);
    this.values.push(rows);
    this.tilesDone += 1;
    if (!this.done) return;
    this.places = []; // the pixels are not needed any more
    this.newest = undefined;
    if (this.pruningRate > 0) this.prune();
  }

  /** Of a video whose frames are all done: each row's rank for EVS, [tiles · tokens of a tile]. */
  ranks(): Uint32Array {
    assert(this.done && this.differences.length > 0, "a video is ranked when it is encoded");
    return retentionRanks(this.differences);
  }

  private copy(whole: Visual): void {
    assert(whole.done && whole.pruningRate === 0, "rows that were left out cannot be copied");
    this.values.push(...whole.values);
    this.differences.set(whole.differences);
    this.tilesDone = whole.tilesDone;
    if (this.pruningRate > 0) this.prune();
    else this.tileTokens = whole.tileTokens;
  }

  /** The newest frame with the one before, so that no long stretch of work is left for the end. */
  private compare(rows: Float32Array): void {
    const { tokensPerTile } = this.config.vision;
    const measured = measureFrame(rows, tokensPerTile);
    const found = compareFrames(measured, this.newest);
    this.differences.set(found, this.tilesDone * tokensPerTile);
    this.newest = measured;
  }

  private prune(): void {
    const { tokensPerTile: tokens } = this.config.vision;
    const { hidden } = this.config.text;
    const mask = retentionMask(this.differences, this.tokens);
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
