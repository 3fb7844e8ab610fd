import type { Backend } from "../../backends/backend.ts";
import { assert } from "../../core/assert.ts";
import { cutTile, normalisationTable, type TilePlace } from "../../media/pixels.ts";
import type { RgbImage } from "../../media/rgb-image.ts";
import type { ModelConfig } from "../../model/config.ts";

/**
 * Tiles of one image or video, in the order in which they are encoded. Tiles may be encoded while
 * more are added. Pixels are released when the last tile is encoded.
 */
export class TileQueue {
  /** Tiles whose rows are known. */
  encoded = 0;
  private places: TilePlace[] = [];
  /** Number of tiles; undefined while more may be added. */
  private total: number | undefined;

  /** A queue of `count` tiles that are all encoded. */
  static encoded(count: number): TileQueue {
    const queue = new TileQueue();
    queue.total = count;
    queue.encoded = count;
    return queue;
  }

  get count(): number {
    return this.total ?? this.places.length;
  }

  /** There is a tile that can be encoded now. */
  get hasPending(): boolean {
    return this.encoded < this.count;
  }

  /** All tiles were added and encoded. */
  get done(): boolean {
    return this.encoded === this.total;
  }

  /** Bytes of pixels in memory. */
  get bytes(): number {
    const images = new Set(this.places.map(({ image }) => image));
    return [...images].reduce((sum, { rgb }) => sum + rgb.length, 0);
  }

  add(place: TilePlace): void {
    assert(this.total === undefined, "a finished queue takes no more tiles");
    this.places.push(place);
  }

  /** No more tiles follow. */
  finish(): void {
    this.total ??= this.places.length;
    this.releasePixels();
  }

  /** The next tile is encoded. */
  advance(): void {
    this.encoded += 1;
    this.releasePixels();
  }

  /** True if the tiles are these whole images, in this order. */
  hasExactly(images: readonly RgbImage[]): boolean {
    return (
      images.length === this.places.length &&
      images.every((image, tile) => image === this.places[tile]!.image)
    );
  }

  /** Index of the first tile with the same pixels as the next one; it may be the next one. */
  get firstEqual(): number {
    return this.firstEqualTo(this.encoded);
  }

  /** Number of tiles, 1 to `max`, that can be encoded together: none repeats an earlier one. */
  batchSize(max: number): number {
    let size = 1;
    const isNew = (tile: number) => tile < this.count && this.firstEqualTo(tile) === tile;
    while (size < max && isNew(this.encoded + size)) size += 1;
    return size;
  }

  /** Normalised pixels [3, tilePx, tilePx] of the tile that is `ahead` places after the next. */
  async pixels(backend: Backend, config: ModelConfig, ahead = 0): Promise<Float32Array> {
    const place = this.places[this.encoded + ahead]!;
    const { tilePx: sidePx } = config.vision;
    const table = normalisationTable(config.image);
    const { left, top } = place;
    return backend.cutTile
      ? await backend.cutTile({ ...place.image, left, top, sidePx }, table)
      : cutTile(place, sidePx, table);
  }

  private firstEqualTo(tile: number): number {
    const { image, left, top } = this.places[tile]!;
    return this.places.findIndex((one) => {
      return one.image === image && one.left === left && one.top === top;
    });
  }

  private releasePixels(): void {
    if (this.done) this.places = [];
  }
}
