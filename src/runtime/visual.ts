import type { Backend } from "../backends/backend.ts";
import { assert } from "../core/assert.ts";
import { cutTile, normalisationTable, type TilePlace } from "../media/pixels.ts";
import type { ModelConfig } from "../model/config.ts";
import { compareFrames, type FrameRows, measureFrame, retainedRows, retentionMask } from "./evs.ts";

export interface VisualOptions {
  /** Equal keys, equal rows. */
  readonly key: string;
  /** Tiles of a picture, or frames of a video. */
  readonly places: readonly TilePlace[];
  /** Share of the rows that EVS leaves out once all of them are known; 0 for pictures. */
  readonly pruningRate?: number;
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

  constructor(config: ModelConfig, { key, places, pruningRate = 0 }: VisualOptions) {
    const { tokensPerTile } = config.vision;
    this.key = key;
    this.config = config;
    this.places = places;
    this.pruningRate = pruningRate;
    this.tileCount = places.length;
    const all = places.length * tokensPerTile;
    const prunes = pruningRate > 0;
    this.tokens = prunes ? retainedRows(places.length, tokensPerTile, pruningRate) : all;
    this.tileTokens = prunes ? undefined : places.map(() => tokensPerTile);
    this.differences = new Float32Array(prunes ? all : 0);
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
    if (this.pruningRate > 0) this.compare(rows);
    this.values.push(rows);
    this.tilesDone += 1;
    if (!this.done) return;
    this.places = []; // the pixels are not needed any more
    if (this.pruningRate > 0) this.prune();
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
    this.newest = undefined;
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
