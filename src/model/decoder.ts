// The language model: embeddings, a stack of layers with one mixer each, logits.
//                                                            Source: MODEL.md § Language model.
//
// T rows in the batch · hidden 5120 · vocabulary 132096 · one norm and one mixer per layer

import type { Batch, Step, Tensor } from "../backends/backend.ts";
import { attention } from "./attention.ts";
import type { ModelConfig } from "./config.ts";
import { mamba2 } from "./mamba2.ts";
import { mlp } from "./mlp.ts";
import type { LayerWeights, ModelWeights } from "./parameters.ts";
import type { LayerState, ModelState } from "./state.ts";

/** Rows that replace the embeddings of placeholder tokens. */
export interface VisualRows {
  /** Row of the batch for each of `rows`. */
  readonly index: Int32Array;
  readonly rows: Tensor;
}

export interface DecoderInput {
  /** One id per row of the batch. */
  readonly ids: Int32Array;
  readonly visual: readonly VisualRows[];
  readonly batch: Batch;
  /** Rows whose logits are computed. */
  readonly logitRows: Int32Array;
}

/** Sees the residual stream after the embeddings (−1) and after each layer, for comparisons. */
export type Observer = (layer: number, x: Tensor) => void;

export function decode(
  step: Step,
  config: ModelConfig,
  weights: ModelWeights,
  state: ModelState,
  input: DecoderInput,
  observe?: Observer,
): Tensor {
  const { eps } = config.text;
  const x = step.embed(input.ids, weights.embeddings); // [T, hidden]
  for (const { index, rows } of input.visual) step.scatterRows(x, index, rows);
  observe?.(-1, x);
  weights.layers.forEach((layer, l) => {
    step.scope(() => {
      const normed = step.rmsNorm(x, layer.norm, eps); // [T, hidden]
      mix(step, config, layer, x, normed, input.batch, state.layers[l]!);
    });
    observe?.(l, x);
  });
  const last = step.gatherRows(x, input.logitRows); // [logitRows, hidden]
  const normed = step.rmsNorm(last, weights.finalNorm, eps); // [logitRows, hidden]
  return step.matmul(normed, weights.lmHead); // [logitRows, vocabulary]
}

/** x ← x + mixer(normed). */
function mix(
  step: Step,
  config: ModelConfig,
  layer: LayerWeights,
  x: Tensor,
  normed: Tensor,
  batch: Batch,
  state: LayerState,
): void {
  switch (layer.kind) {
    case "mamba2":
      mamba2(step, config.text, layer, x, normed, batch, state);
      break;
    case "attention":
      attention(step, config.text, layer, x, normed, batch, state);
      break;
    case "mlp":
      mlp(step, layer, x, normed);
      break;
    default:
      layer satisfies never; // a new kind does not compile until it is here
  }
}
