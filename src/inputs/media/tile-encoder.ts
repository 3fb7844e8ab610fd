import { type Backend, rows, type Step, type Tensor, tensorAt } from "../../backends/backend.ts";
import type { Model } from "../../model/load.ts";
import { embedTiles, visionBlock } from "../../model/vision/encoder.ts";
import { project } from "../../model/vision/projector.ts";
import type { MediaEmbedding } from "./media-embedding.ts";

/** Two tiles take a twentieth less time together than one by one; more of them take no less. */
export const TILES_AT_ONCE = 2;

/** Tiles under way, from the visual's tile `tile` on. */
interface Batch {
  readonly visual: MediaEmbedding;
  readonly tile: number;
  readonly count: number;
  blocksDone: number;
}

/**
 * Encodes tiles one after the other or two together, in slices of blocks, so that streams which run
 * beside it wait for a slice and not for the whole vision tower. How tiles are sliced and whether
 * they go together changes nothing.
 */
export class TileEncoder {
  private readonly backend: Backend;
  private readonly model: Model;
  /** [TILES_AT_ONCE · (prefix + patches), width]: the tiles under way, kept between slices. */
  private rows: Tensor | undefined;
  private batch: Batch | undefined;
  private done = 0;

  constructor(backend: Backend, model: Model) {
    this.backend = backend;
    this.model = model;
  }

  /** Tiles that were encoded since it was opened. */
  get tilesDone(): number {
    return this.done;
  }

  /** Of which a tile is begun and not done. */
  get underWay(): MediaEmbedding | undefined {
    return this.batch?.visual;
  }

  /** Blocks of one tile. */
  get blocks(): number {
    return this.model.weights.vision.blocks.length;
  }

  /**
   * Goes on with the visual's next tile by `blocks` blocks, or as many as are left; with as many as
   * `most` tiles where it begins. Another one's tiles that were under way are begun again when they
   * are wanted again. Returns the blocks that it took, of all tiles: none for a tile that an
   * earlier one shows as well.
   */
  async advance(visual: MediaEmbedding, blocks: number, most = 1): Promise<number> {
    const { backend, model } = this;
    const known = visual.knownRows;
    if (known) {
      const step = backend.begin();
      const rowsKnown = step.input(known, known.length / model.config.text.hidden);
      await this.handOver(visual, step, rowsKnown, 1);
      return 0;
    }
    const { config, weights } = model;
    const { prefix, position } = weights.vision;
    const isNew = this.batch?.visual !== visual || this.batch.tile !== visual.tilesDone;
    const begun = { visual, tile: visual.tilesDone, count: visual.tilesAtOnce(most) };
    const batch: Batch = isNew || !this.batch ? { ...begun, blocksDone: 0 } : this.batch;
    const { count, blocksDone: from } = batch;
    const tokens = prefix.rows + position.rows;
    const pixels = from === 0 ? await this.pixelsOf(visual, count) : undefined;
    const x = rows(this.ownRows(tokens, position.cols), 0, count * tokens);
    const step = backend.begin();
    if (pixels) embedTiles(step, config, weights.vision, step.input(pixels, count), x);
    const to = Math.min(from + Math.max(1, Math.floor(blocks / count)), this.blocks);
    for (const block of weights.vision.blocks.slice(from, to)) {
      visionBlock(step, config, block, x, tokens);
    }
    const ran = (to - from) * count;
    if (to < this.blocks) {
      await step.read();
      this.batch = { ...batch, blocksDone: to };
      return ran;
    }
    this.batch = undefined;
    await this.handOver(visual, step, project(step, config, weights.projector, x), count);
    this.done += count;
    return ran;
  }

  /** [count, 3 · tilePx²] */
  private async pixelsOf(visual: MediaEmbedding, count: number): Promise<Float32Array> {
    const first = await visual.nextPixels(this.backend);
    if (count === 1) return first;
    const all = new Float32Array(first.length * count);
    all.set(first);
    for (let ahead = 1; ahead < count; ahead++) {
      all.set(await visual.nextPixels(this.backend, ahead), ahead * first.length);
    }
    return all;
  }

  /** made: the rows of `count` tiles. Of a video EVS wants to know how far each is from before. */
  private async handOver(
    visual: MediaEmbedding,
    step: Step,
    made: Tensor,
    count: number,
  ): Promise<void> {
    const each = made.rows / count;
    const tiles = Array.from({ length: count }, (_, tile) => rows(made, tile * each, each));
    const before = visual.rowsBefore;
    const skipped = before ? 0 : 1;
    const compared = visual.isVideo ? tiles.slice(skipped) : [];
    const distances = compared.map((tile, at) => {
      return step.cosineDistance(tile, tiles[at + skipped - 1] ?? step.input(before!, each));
    });
    const read = await step.read(...tiles, ...distances);
    const differences = read.slice(count);
    tiles.forEach((_, tile) => {
      visual.accept(read[tile]!, differences[tile - skipped]);
    });
  }

  private ownRows(tokens: number, cols: number): Tensor {
    const count = TILES_AT_ONCE * tokens;
    this.rows ??= tensorAt(this.backend.allocate(count * cols * 4), 0, count, cols);
    return this.rows;
  }
}
