import type { Backend } from "../backends/backend.ts";
import { assert } from "../core/assert.ts";
import { cutTile, normalisationTable, type TilePlace } from "../media/pixels.ts";
import type { ModelConfig } from "../model/config.ts";
import { dissimilarity, retainedRows, retentionMask } from "./evs.ts";

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
  /** [tileCount · tokensPerTile, hidden], later [tokens, hidden]. Made with the first tile. */
  private values = new Float32Array(0);
  private readonly differences: Float32Array;

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
    return [...images].reduce((sum, { rgb }) => sum + rgb.length, this.values.byteLength);
  }

  /** [count, hidden], from row `first` on. */
  rows(first: number, count: number): Float32Array {
    assert(first + count <= this.rowsReady, "rows are read when they are there");
    const { hidden } = this.config.text;
    return this.values.subarray(first * hidden, (first + count) * hidden);
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
    if (this.tilesDone === 0) this.values = new Float32Array(this.tileCount * rows.length);
    this.values.set(rows, this.tilesDone * rows.length);
    if (this.pruningRate > 0) this.compare(rows.length);
    this.tilesDone += 1;
    if (!this.done) return;
    this.places = []; // the pixels are not needed any more
    if (this.pruningRate > 0) this.prune();
  }

  /** The newest frame with the one before, so that no long stretch of work is left for the end. */
  private compare(length: number): void {
    const { tokensPerTile: tokens } = this.config.vision;
    const from = Math.max(0, this.tilesDone - 1);
    const frames = this.tilesDone - from + 1;
    const rows = this.values.subarray(from * length, (this.tilesDone + 1) * length);
    const found = dissimilarity({ rows, frames, tokens });
    this.differences.set(found.subarray((frames - 1) * tokens), this.tilesDone * tokens);
  }

  private prune(): void {
    const { tokensPerTile } = this.config.vision;
    const { hidden } = this.config.text;
    const mask = retentionMask(this.differences, this.tokens);
    const counts = Array.from({ length: this.tileCount }, () => 0);
    const kept = new Float32Array(this.tokens * hidden);
    let row = 0;
    for (let from = 0; from < mask.length; from++) {
      if (mask[from] !== 1) continue;
      kept.set(this.values.subarray(from * hidden, (from + 1) * hidden), row * hidden);
      counts[Math.floor(from / tokensPerTile)]! += 1;
      row += 1;
    }
    this.values = kept;
    this.tileTokens = counts;
  }
}
