import { type Backend, type Step, type Tensor, tensorAt } from "../backends/backend.ts";
import type { Model } from "../model/load.ts";
import { embedTiles, visionBlock } from "../model/vision/encoder.ts";
import { project } from "../model/vision/projector.ts";
import type { Visual } from "./visual.ts";

/**
 * Encodes tiles one after the other, each in slices of blocks, so that streams which run beside it
 * wait for a slice and not for the whole vision tower. How a tile is sliced changes nothing.
 */
export class TileEncoder {
  private readonly backend: Backend;
  private readonly model: Model;
  /** [prefix + patches, width]: the tile under way, kept between slices. */
  private rows: Tensor | undefined;
  private visual: Visual | undefined;
  private tile = 0;
  private blocksDone = 0;
  private done = 0;

  constructor(backend: Backend, model: Model) {
    this.backend = backend;
    this.model = model;
  }

  /** Tiles that were encoded since it was opened. */
  get tilesDone(): number {
    return this.done;
  }

  /** Blocks of one tile. */
  get blocks(): number {
    return this.model.weights.vision.blocks.length;
  }

  /**
   * Goes on with the visual's next tile by `blocks` blocks, or as many as are left. Another one's
   * tile that was under way is begun again when it is wanted again. Returns the blocks it took:
   * none for a tile that an earlier one shows as well.
   */
  async advance(visual: Visual, blocks: number): Promise<number> {
    const { backend, model } = this;
    const known = visual.knownRows;
    if (known) {
      const step = backend.begin();
      await this.handOver(visual, step, step.input(known, known.length / this.hidden));
      return 0;
    }
    const { config, weights } = model;
    const isNew = this.visual !== visual || this.tile !== visual.tilesDone;
    const pixels = isNew ? await visual.nextPixels(backend) : undefined;
    const x = this.ownRows();
    const step = backend.begin();
    if (pixels) embedTiles(step, config, weights.vision, step.input(pixels, 1), x);
    const from = isNew ? 0 : this.blocksDone;
    const to = Math.min(from + Math.max(1, blocks), this.blocks);
    for (const block of weights.vision.blocks.slice(from, to)) {
      visionBlock(step, config, block, x, x.rows);
    }
    if (to < this.blocks) {
      await step.read();
      [this.visual, this.tile, this.blocksDone] = [visual, visual.tilesDone, to];
      return to - from;
    }
    this.visual = undefined;
    await this.handOver(visual, step, project(step, config, weights.projector, x));
    this.done += 1;
    return to - from;
  }

  /** Rows of a tile, and what EVS wants to know of them. */
  private async handOver(visual: Visual, step: Step, rows: Tensor): Promise<void> {
    const before = visual.rowsBefore;
    const wanted = before ? [step.cosineDistance(rows, step.input(before, rows.rows))] : [];
    const [values, differences] = await step.read(rows, ...wanted);
    visual.accept(values!, differences);
  }

  private get hidden(): number {
    return this.model.config.text.hidden;
  }

  private ownRows(): Tensor {
    const { prefix, position } = this.model.weights.vision;
    const [rows, cols] = [prefix.rows + position.rows, position.cols];
    this.rows ??= tensorAt(this.backend.allocate(rows * cols * 4), 0, rows, cols);
    return this.rows;
  }
}
