// Causal grouped-query attention without positions.             Source: MODEL.md § Attention.
//
// T rows in the batch · 40 query heads, 8 key and value heads of width 128

import { type Batch, columns, type Step, type Tensor } from "../backends/backend.ts";
import { assert } from "../core/assert.ts";
import type { TextConfig } from "./config.ts";
import type { AttentionWeights } from "./parameters.ts";
import type { LayerState } from "./state.ts";

export function attention(
  step: Step,
  config: TextConfig,
  w: AttentionWeights,
  x: Tensor,
  normed: Tensor,
  batch: Batch,
  state: LayerState,
): void {
  assert(state.kind === "attention", "the layer's state is its own");
  const qkv = project(step, config, w, normed); // [T, 40·128] [T, 8·128] [T, 8·128]
  const y = step.attention(qkv, state.cache, batch, config.attention.headDim ** -0.5); // as q
  step.matmulAdd(x, y, w.outProj); // [T, hidden]
}

function project(step: Step, config: TextConfig, w: AttentionWeights, x: Tensor) {
  const { heads, kvHeads, headDim } = config.attention;
  const [fused, separateK, separateV] = w.qkv;
  assert(fused, "there is a projection");
  const q = step.matmul(x, fused);
  if (separateK && separateV) {
    return { q, k: step.matmul(x, separateK), v: step.matmul(x, separateV) };
  }
  const [wide, narrow] = [heads * headDim, kvHeads * headDim];
  return {
    q: columns(q, 0, wide),
    k: columns(q, wide, narrow),
    v: columns(q, wide + narrow, narrow),
  };
}
