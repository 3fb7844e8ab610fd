import { type Backend, rows, type Step, type Tensor, tensorAt } from "../../backends/backend.ts";
import type { Model } from "../../model/load.ts";
import { embedTiles, visionBlock } from "../../model/vision/encoder.ts";
import { project } from "../../model/vision/projector.ts";
import type { MediaEmbedding } from "./media-embedding.ts";

/** Two tiles take 5 % less time together than one by one; more tiles save no more. */
export const TILES_AT_ONCE = 2;

/** Tiles in progress: `count` of the embedding's, from `tile` on. */
interface TileBatch {
  readonly embedding: MediaEmbedding;
  readonly tile: number;
  readonly count: number;
  blocksDone: number;
}

/**
 * Encodes tiles one by one or two at once, in slices of transformer blocks, so that streams wait
 * for a slice instead of the whole vision tower. Results do not depend on slices or batches.
 */
export class TileEncoder {
  private readonly backend: Backend;
  private readonly model: Model;
  /** Activations of the tiles in progress, [TILES_AT_ONCE · (prefix + patches), width]. */
  private rows: Tensor | undefined;
  private batch: TileBatch | undefined;
  private done = 0;

  constructor(backend: Backend, model: Model) {
    this.backend = backend;
    this.model = model;
  }

  /** Number of tiles encoded so far. */
  get tilesDone(): number {
    return this.done;
  }

  /** The embedding of the tiles in progress. */
  get current(): MediaEmbedding | undefined {
    return this.batch?.embedding;
  }

  /** Number of transformer blocks per tile. */
  get blocksPerTile(): number {
    return this.model.weights.vision.blocks.length;
  }

  /**
   * Advances the embedding's tiles by `blocks` blocks at most, or starts up to `maxTiles` tiles.
   * Tiles in progress of another embedding are discarded and start again later. Returns the blocks
   * computed, summed over tiles: 0 if an earlier tile has the same pixels.
   */
  async advance(embedding: MediaEmbedding, blocks: number, maxTiles = 1): Promise<number> {
    const { backend, model } = this;
    const known = embedding.knownRows;
    if (known) {
      const step = backend.begin();
      const rowsKnown = step.input(known, known.length / model.config.text.hidden);
      await this.deliver(embedding, step, rowsKnown, 1);
      return 0;
    }
    const { config, weights } = model;
    const { prefix, position } = weights.vision;
    const isNew = this.batch?.embedding !== embedding || this.batch.tile !== embedding.tilesDone;
    const started = {
      embedding,
      tile: embedding.tilesDone,
      count: embedding.tilesAtOnce(maxTiles),
    };
    const batch: TileBatch = isNew || !this.batch ? { ...started, blocksDone: 0 } : this.batch;
    const { count, blocksDone: from } = batch;
    const tokens = prefix.rows + position.rows;
    const pixels = from === 0 ? await this.pixelsOf(embedding, count) : undefined;
    const x = rows(this.ownRows(tokens, position.cols), 0, count * tokens);
    const step = backend.begin();
    if (pixels) embedTiles(step, config, weights.vision, step.input(pixels, count), x);
    const to = Math.min(from + Math.max(1, Math.floor(blocks / count)), this.blocksPerTile);
    for (const block of weights.vision.blocks.slice(from, to)) {
      visionBlock(step, config.vision, block, x, tokens);
    }
    const ran = (to - from) * count;
    if (to < this.blocksPerTile) {
      await step.read();
      this.batch = { ...batch, blocksDone: to };
      return ran;
    }
    this.batch = undefined;
    await this.deliver(embedding, step, project(step, config, weights.projector, x), count);
    this.done += count;
    return ran;
  }

  /** [count, 3 · tilePx²] */
  private async pixelsOf(embedding: MediaEmbedding, count: number): Promise<Float32Array> {
    const first = await embedding.nextPixels(this.backend);
    if (count === 1) return first;
    const all = new Float32Array(first.length * count);
    all.set(first);
    for (let ahead = 1; ahead < count; ahead++) {
      all.set(await embedding.nextPixels(this.backend, ahead), ahead * first.length);
    }
    return all;
  }

  /** Gives `count` tiles their rows; frames of a video also their distances for EVS. */
  private async deliver(
    embedding: MediaEmbedding,
    step: Step,
    output: Tensor,
    count: number,
  ): Promise<void> {
    const each = output.rows / count;
    const tiles = Array.from({ length: count }, (_, tile) => rows(output, tile * each, each));
    const before = embedding.rowsBefore;
    const skipped = before ? 0 : 1;
    const compared = embedding.isVideo ? tiles.slice(skipped) : [];
    const distances = compared.map((tile, at) => {
      return step.cosineDistance(tile, tiles[at + skipped - 1] ?? step.input(before!, each));
    });
    const read = await step.read(...tiles, ...distances);
    const differences = read.slice(count);
    tiles.forEach((_, tile) => {
      embedding.accept(read[tile]!, differences[tile - skipped]);
    });
  }

  private ownRows(tokens: number, cols: number): Tensor {
    const count = TILES_AT_ONCE * tokens;
    this.rows ??= tensorAt(this.backend.allocate(count * cols * 4), 0, count, cols);
    return this.rows;
  }
}
