// The text tower of a retrieval model: a Llama without the causal mask, then the mean of its rows.
//                                                    Source: MODEL.md § Retrieval models.
// T rows in the batch · published: hidden 2048, 16 layers, 32 heads on 8 of 64, MLP 8192

import {
  type Batch,
  columns,
  type KvCache,
  rows,
  type Step,
  type Tensor,
} from "../../backends/backend.ts";
import type { VisualRows } from "../decoder.ts";
import type { TowerConfig } from "./config.ts";
import type { RetrievalWeights, TowerLayerWeights } from "./parameters.ts";

export interface TowerInput {
  /** One id per row of the batch. */
  readonly ids: Int32Array;
  /** Rows that replace the embeddings of a picture's placeholders. */
  readonly visual: readonly VisualRows[];
  /** Whole sequences, each from position 0. */
  readonly batch: Batch;
  /** Position of each row in its sequence. */
  readonly positions: Int32Array;
}

/** Rows of the MLP at once: its activations are eight times as wide as the residual stream. */
const MLP_ROWS = 1024;

/** The mean of each sequence's last hidden states → [sequences, hidden]. */
export function meanOfStates(
  step: Step,
  config: TowerConfig,
  weights: RetrievalWeights,
  cache: KvCache,
  input: TowerInput,
): Tensor {
  const { eps } = config;
  const x = step.embed(input.ids, weights.embeddings); // [T, hidden]
  for (const { index, rows: replaced } of input.visual) step.scatterRows(x, index, replaced);
  for (const layer of weights.layers) {
    step.scope(() => attend(step, config, weights.angles, layer, x, cache, input));
    step.scope(() => gatedMlp(step, config, layer, x));
  }
  const normed = step.rmsNorm(x, weights.finalNorm, eps); // [T, hidden]
  return step.meanRows(normed, input.batch);
}

/** x ← x + out(attention(norm1(x))). All layers use one cache: each stores before it reads. */
function attend(
  step: Step,
  config: TowerConfig,
  angles: Tensor,
  w: TowerLayerWeights,
  x: Tensor,
  cache: KvCache,
  { batch, positions }: TowerInput,
): void {
  const { heads, kvHeads, headDim, eps } = config;
  const [wide, narrow] = [heads * headDim, kvHeads * headDim];
  const qkv = step.matmul(step.rmsNorm(x, w.norm1, eps), w.qkv); // [T, wide + 2·narrow]
  const q = step.rope(columns(qkv, 0, wide), angles, positions);
  const k = step.rope(columns(qkv, wide, narrow), angles, positions);
  const v = columns(qkv, wide + narrow, narrow);
  const options = { bidirectional: true };
  const y = step.attention({ q, k, v }, cache, batch, headDim ** -0.5, options); // [T, wide]
  step.matmulAdd(x, y, w.out);
}

/** x ← x + down(silu(gate(norm2(x))) · up(norm2(x))). */
function gatedMlp(step: Step, config: TowerConfig, w: TowerLayerWeights, x: Tensor): void {
  const { intermediate, eps } = config;
  for (let from = 0; from < x.rows; from += MLP_ROWS) {
    step.scope(() => {
      const some = rows(x, from, Math.min(MLP_ROWS, x.rows - from));
      const both = step.matmul(step.rmsNorm(some, w.norm2, eps), w.gateUp); // [_, 2·intermediate]
      const gate = columns(both, 0, intermediate);
      const hidden = step.swiglu(gate, columns(both, intermediate, intermediate));
      step.matmulAdd(some, hidden, w.down);
    });
  }
}
