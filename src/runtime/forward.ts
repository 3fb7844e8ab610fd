import {
  type Backend,
  type Batch,
  columns,
  type SampleRow,
  SPAN,
  type Step,
  type Tensor,
} from "../backends/backend.ts";
import { decode, type Observer } from "../model/decoder.ts";
import type { Model } from "../model/load.ts";
import type { ModelState } from "../model/state.ts";
import { encodeTiles, type VisionObserver } from "../model/vision/encoder.ts";
import { project } from "../model/vision/projector.ts";

/** The tokens of one sequence in a step. */
export interface SpanInput {
  readonly ids: ArrayLike<number>;
  /** Tokens already in the sequence's state. */
  readonly position: number;
  readonly slot: number;
  readonly pages: ArrayLike<number>;
  /** Projected rows for placeholders among `ids`: [first row of the span, values]. */
  readonly mediaRows: readonly (readonly [number, Float32Array])[];
}

/** Concatenates spans into one batch. */
export function buildBatch(spans: readonly SpanInput[]): { batch: Batch; ids: Int32Array } {
  const rows = spans.reduce((sum, span) => sum + span.ids.length, 0);
  const pageCount = spans.reduce((sum, span) => sum + span.pages.length, 0);
  const words = new Int32Array(spans.length * SPAN.words);
  const ids = new Int32Array(rows);
  const pages = new Int32Array(pageCount);
  let row = 0;
  let pageBegin = 0;
  spans.forEach((span, index) => {
    const at = index * SPAN.words;
    words[at + SPAN.row] = row;
    words[at + SPAN.rows] = span.ids.length;
    words[at + SPAN.position] = span.position;
    words[at + SPAN.slot] = span.slot;
    words[at + SPAN.pageBegin] = pageBegin;
    ids.set(span.ids, row);
    pages.set(span.pages, pageBegin);
    row += span.ids.length;
    pageBegin += span.pages.length;
  });
  return { batch: { rows, spans: words, pages }, ids };
}

/** Records the language model over the spans. Returns the logits of `logitRows`. */
export function recordSpans(
  step: Step,
  model: Model,
  state: ModelState,
  spans: readonly SpanInput[],
  logitRows: Int32Array,
  observe?: Observer,
): Tensor {
  const { batch, ids } = buildBatch(spans);
  const visual = spans.flatMap((span, index) => {
    const first = batch.spans[index * SPAN.words + SPAN.row]!;
    return span.mediaRows.map(([row, values]) => {
      const count = values.length / model.config.text.hidden;
      const index = Int32Array.from({ length: count }, (_, i) => first + row + i);
      return { index, rows: step.input(values, count) };
    });
  });
  const input = { ids, visual, batch, logitRows };
  return decode(step, model.config, model.weights, state, input, observe);
}

/** Runs the spans and samples one token per row of `samples`. Returns sampled rows. */
export async function runSpans(
  backend: Backend,
  model: Model,
  state: ModelState,
  spans: readonly SpanInput[],
  logitRows: Int32Array,
  samples: readonly SampleRow[],
): Promise<Float32Array> {
  const step = backend.begin();
  const logits = recordSpans(step, model, state, spans, logitRows);
  if (samples.length === 0) {
    await step.read();
    return new Float32Array(0);
  }
  const needsAlternatives = samples.some((row) => row.alternatives > 0);
  const sampled = step.sample(logits, samples);
  const [result] = await step.read(needsAlternatives ? sampled : columns(sampled, 0, 2));
  return result ?? new Float32Array(0);
}

/** Normalised tiles [count, 3, tilePx, tilePx] → projected rows [count·tokensPerTile, hidden]. */
export async function encodePixels(
  backend: Backend,
  model: Model,
  pixels: Float32Array,
  count: number,
  observe?: (step: Step) => VisionObserver,
): Promise<Float32Array> {
  const step = backend.begin();
  const watch = observe?.(step);
  const { config, weights } = model;
  const tiles = step.input(pixels, count);
  const encoded = encodeTiles(step, config, weights.vision, tiles, watch);
  const rows = project(step, config, weights.projector, encoded, watch);
  const [result] = await step.read(rows);
  return result ?? new Float32Array(0);
}
