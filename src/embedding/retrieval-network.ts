import { type Backend, type KvCache, PAGE_ROWS } from "../backends/backend.ts";
import { assert } from "../core/assert.ts";
import { LIMITS } from "../core/limits.ts";
import type { RetrievalModel } from "../model/retrieval/load.ts";
import { encodePictures } from "../model/retrieval/siglip.ts";
import { meanOfStates } from "../model/retrieval/text-tower.ts";

/** One input as the network sees it. */
export interface Sequence {
  readonly ids: Int32Array;
  /** Rows of the picture's tiles, for its placeholders in order. */
  readonly pictureRows?: Float32Array;
}

/**
 * Runs a retrieval model on whole sequences. A sequence's result is the same, bit for bit, alone
 * and with others.
 */
export class RetrievalNetwork {
  readonly model: RetrievalModel;
  private readonly backend: Backend;
  private readonly cache: KvCache;

  constructor(backend: Backend, model: RetrievalModel) {
    this.backend = backend;
    this.model = model;
    const { kvHeads, headDim, positions } = model.config.text;
    const rows = Math.max(positions, LIMITS.embedding.stepRows);
    const pages = Math.ceil(rows / PAGE_ROWS) + LIMITS.embedding.stepInputs;
    const bytes = pages * kvHeads * headDim * PAGE_ROWS * 4;
    const [keys, values] = [backend.allocate(bytes).buffer, backend.allocate(bytes).buffer];
    this.cache = { keys, values, pages, kvHeads, headDim, dtype: "f32" };
  }

  /** pixels [3·tilePx²] of one tile, normalised → its rows for the text tower. */
  async encodeTile(pixels: Float32Array): Promise<Float32Array> {
    const { config, weights } = this.model;
    assert(config.vision !== undefined && weights.vision !== undefined, "the model sees pictures");
    const step = this.backend.begin();
    const x = step.input(pixels, 1);
    const [rows] = await step.read(encodePictures(step, config.vision, weights.vision, x));
    return rows!;
  }

  /** The mean of each sequence's last states, or a reranker's one logit. */
  async run(sequences: readonly Sequence[]): Promise<Float32Array[]> {
    const { config, weights } = this.model;
    const { ids, positions, batch } = this.layOut(sequences);
    const step = this.backend.begin();
    const visual = this.pictures(sequences).map(({ index, rows }) => ({
      index,
      rows: step.input(rows, index.length),
    }));
    const input = { ids, positions, batch, visual };
    const means = meanOfStates(step, config.text, weights, this.cache, input);
    const result = weights.score === undefined ? means : step.matmul(means, weights.score);
    const [values] = await step.read(result);
    return sequences.map((_, i) => values!.slice(i * result.cols, (i + 1) * result.cols));
  }

  private layOut(sequences: readonly Sequence[]) {
    const total = sequences.reduce((sum, { ids }) => sum + ids.length, 0);
    const [ids, positions] = [new Int32Array(total), new Int32Array(total)];
    const spans: number[] = [];
    let [row, page] = [0, 0];
    for (const sequence of sequences) {
      const rows = sequence.ids.length;
      assert(rows > 0 && rows <= this.model.config.text.positions, "a sequence fits the model");
      spans.push(row, rows, 0, 0, page);
      ids.set(sequence.ids, row);
      for (let i = 0; i < rows; i++) positions[row + i] = i;
      row += rows;
      page += Math.ceil(rows / PAGE_ROWS);
    }
    assert(page <= this.cache.pages, "the batch fits the cache");
    const pages = Int32Array.from({ length: page }, (_, i) => i);
    return { ids, positions, batch: { rows: total, spans: Int32Array.from(spans), pages } };
  }

  /** Where each sequence's picture rows belong in the batch. */
  private pictures(sequences: readonly Sequence[]) {
    const imageId = this.model.config.vision?.imageId;
    let row = 0;
    return sequences.flatMap(({ ids, pictureRows }) => {
      const from = row;
      row += ids.length;
      if (pictureRows === undefined) return [];
      const index: number[] = [];
      ids.forEach((id, i) => {
        if (id === imageId) index.push(from + i);
      });
      const rows = pictureRows.length / this.model.config.text.hidden;
      assert(rows === index.length, "there is one row for each placeholder of a picture");
      return [{ index: Int32Array.from(index), rows: pictureRows }];
    });
  }
}
