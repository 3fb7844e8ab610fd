// Checkpoint tensors ↔ the fields of a retrieval model.    Source: MODEL.md § Retrieval models.

import type { TensorEntry, TensorIndex } from "../../weights/safetensors.ts";
import {
  biased,
  type Finder,
  type LinearPlan,
  layerNorm,
  linear,
  type NormPlan,
  tensor,
} from "../find-tensors.ts";
import { refuseUnknown, type UnusedKinds } from "../unused-tensors.ts";
import type { RetrievalConfig } from "./config.ts";
import { SIGLIP } from "./tensor-names.ts";
import type { SiglipConfig } from "./vision-config.ts";

export interface TowerLayerPlan {
  readonly norm1: TensorEntry;
  readonly q: LinearPlan;
  readonly k: LinearPlan;
  readonly v: LinearPlan;
  readonly o: LinearPlan;
  readonly norm2: TensorEntry;
  readonly gate: LinearPlan;
  readonly up: LinearPlan;
  readonly down: LinearPlan;
}

export interface SiglipBlockPlan {
  readonly norm1: NormPlan;
  readonly q: LinearPlan;
  readonly k: LinearPlan;
  readonly v: LinearPlan;
  readonly out: LinearPlan;
  readonly norm2: NormPlan;
  readonly fc1: LinearPlan;
  readonly fc2: LinearPlan;
}

export interface SiglipPlan {
  /** [hidden, 3, patchPx, patchPx]. */
  readonly patches: TensorEntry;
  readonly patchBias: TensorEntry;
  readonly position: TensorEntry;
  readonly blocks: readonly SiglipBlockPlan[];
  readonly finalNorm: NormPlan;
  readonly projectorNorm: NormPlan;
  readonly projectorUp: LinearPlan;
  readonly projectorDown: LinearPlan;
}

export interface RetrievalPlan {
  readonly embeddings: TensorEntry;
  readonly layers: readonly TowerLayerPlan[];
  readonly finalNorm: TensorEntry;
  /** [1, hidden], only in a reranker. */
  readonly score: LinearPlan | undefined;
  readonly vision: SiglipPlan | undefined;
}

const UNUSED: UnusedKinds = [
  { kind: "rotary frequencies", names: /rotary_emb\.inv_freq$/ },
  { kind: "SigLIP's pooling head", names: /^vision_model\.vision_model\.head\./ },
  { kind: "indices of positions", names: /\.position_ids$/ },
];

/** Throws invalid_checkpoint or unsupported_checkpoint, with the tensor's name. */
export function planRetrieval(index: TensorIndex, config: RetrievalConfig): RetrievalPlan {
  const find: Finder = { index, used: new Set() };
  const { prefix, vision } = config;
  const { hidden, layers, vocabulary } = config.text;
  const plan: RetrievalPlan = {
    embeddings: tensor(find, `${prefix}embed_tokens.weight`, [vocabulary, hidden]),
    layers: Array.from({ length: layers }, (_, layer) => planLayer(find, config, layer)),
    finalNorm: tensor(find, `${prefix}norm.weight`, [hidden]),
    score: config.kind === "rerank" ? linear(find, "score", 1, hidden) : undefined,
    vision: vision && planSiglip(find, vision, hidden),
  };
  refuseUnknown([...index.tensors.keys()].filter((name) => !find.used.has(name)).sort(), UNUSED);
  return plan;
}

function planLayer(find: Finder, config: RetrievalConfig, layer: number): TowerLayerPlan {
  const { hidden, heads, kvHeads, headDim, intermediate } = config.text;
  const at = `${config.prefix}layers.${layer}`;
  const [wide, narrow] = [heads * headDim, kvHeads * headDim];
  return {
    norm1: tensor(find, `${at}.input_layernorm.weight`, [hidden]),
    q: linear(find, `${at}.self_attn.q_proj`, wide, hidden),
    k: linear(find, `${at}.self_attn.k_proj`, narrow, hidden),
    v: linear(find, `${at}.self_attn.v_proj`, narrow, hidden),
    o: linear(find, `${at}.self_attn.o_proj`, hidden, wide),
    norm2: tensor(find, `${at}.post_attention_layernorm.weight`, [hidden]),
    gate: linear(find, `${at}.mlp.gate_proj`, intermediate, hidden),
    up: linear(find, `${at}.mlp.up_proj`, intermediate, hidden),
    down: linear(find, `${at}.mlp.down_proj`, hidden, intermediate),
  };
}

function planSiglip(find: Finder, vision: SiglipConfig, output: number): SiglipPlan {
  const { hidden, layers, patchPx, gridSide } = vision;
  const embeddings = `${SIGLIP}.embeddings`;
  return {
    patches: tensor(find, `${embeddings}.patch_embedding.weight`, [hidden, 3, patchPx, patchPx]),
    patchBias: tensor(find, `${embeddings}.patch_embedding.bias`, [hidden]),
    position: tensor(find, `${embeddings}.position_embedding.weight`, [gridSide ** 2, hidden]),
    blocks: Array.from({ length: layers }, (_, block) => planBlock(find, vision, block)),
    finalNorm: layerNorm(find, `${SIGLIP}.post_layernorm`, hidden),
    projectorNorm: layerNorm(find, "mlp1.0", 4 * hidden),
    projectorUp: biased(find, "mlp1.1", output, 4 * hidden),
    projectorDown: biased(find, "mlp1.3", output, output),
  };
}

function planBlock(find: Finder, vision: SiglipConfig, block: number): SiglipBlockPlan {
  const { hidden, intermediate } = vision;
  const at = `${SIGLIP}.encoder.layers.${block}`;
  return {
    norm1: layerNorm(find, `${at}.layer_norm1`, hidden),
    q: biased(find, `${at}.self_attn.q_proj`, hidden, hidden),
    k: biased(find, `${at}.self_attn.k_proj`, hidden, hidden),
    v: biased(find, `${at}.self_attn.v_proj`, hidden, hidden),
    out: biased(find, `${at}.self_attn.out_proj`, hidden, hidden),
    norm2: layerNorm(find, `${at}.layer_norm2`, hidden),
    fc1: biased(find, `${at}.mlp.fc1`, intermediate, hidden),
    fc2: biased(find, `${at}.mlp.fc2`, hidden, intermediate),
  };
}
