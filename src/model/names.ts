// Checkpoint tensors ↔ the fields of the network: which tensor goes where, with the shape that the
// configuration demands. A plan is complete or an error; the loader only follows it.

import type { TensorEntry, TensorIndex } from "../weights/safetensors.ts";
import type { LayerKind, ModelConfig } from "./config.ts";
import {
  biased,
  type Finder,
  type LinearPlan,
  layerNorm,
  linear,
  type NormPlan,
  type TensorProblem,
  tensor,
} from "./find-tensors.ts";
import { blockPrefix, layerPrefix, TENSOR } from "./tensor-names.ts";
import { refuseUnknown } from "./unused-tensors.ts";

export interface MambaPlan {
  readonly kind: "mamba2";
  readonly norm: TensorEntry;
  readonly inProj: LinearPlan;
  /** [convWidth, 1, 4] and [convWidth]. */
  readonly convWeight: TensorEntry;
  readonly convBias: TensorEntry;
  readonly dtBias: TensorEntry;
  readonly aLog: TensorEntry;
  readonly d: TensorEntry;
  /** [inner], applied per group. */
  readonly gateNorm: TensorEntry;
  readonly outProj: LinearPlan;
}

export interface MlpPlan {
  readonly kind: "mlp";
  readonly norm: TensorEntry;
  readonly up: LinearPlan;
  readonly down: LinearPlan;
}

export interface AttentionPlan {
  readonly kind: "attention";
  readonly norm: TensorEntry;
  readonly q: LinearPlan;
  readonly k: LinearPlan;
  readonly v: LinearPlan;
  readonly o: LinearPlan;
}

export type LayerPlan = MambaPlan | MlpPlan | AttentionPlan;

export interface VisionBlockPlan {
  readonly norm1: NormPlan;
  readonly qkv: LinearPlan;
  readonly proj: LinearPlan;
  readonly norm2: NormPlan;
  readonly fc1: LinearPlan;
  readonly fc2: LinearPlan;
}

export interface CheckpointPlan {
  readonly embeddings: TensorEntry;
  readonly layers: readonly LayerPlan[];
  readonly finalNorm: TensorEntry;
  readonly lmHead: LinearPlan;
  readonly vision: {
    readonly embedder: LinearPlan;
    /** [1, positionSide², hidden]. */
    readonly position: TensorEntry;
    /** [prefixTokens, hidden]. */
    readonly prefix: TensorEntry;
    readonly blocks: readonly VisionBlockPlan[];
  };
  readonly projector: {
    readonly norm: TensorEntry;
    readonly up: LinearPlan;
    readonly down: LinearPlan;
  };
  /** Names of tensors that the network does not use, sorted. */
  readonly ignored: readonly string[];
}

export interface TensorSurvey {
  /** Complete; tensors with a problem stand in it as they are expected. */
  readonly plan: CheckpointPlan;
  readonly problems: readonly TensorProblem[];
}

/**
 * Throws invalid_checkpoint for a tensor that is missing or of another shape or dtype, and
 * unsupported_checkpoint for one that the network has no place for.
 */
export function planCheckpoint(index: TensorIndex, config: ModelConfig): CheckpointPlan {
  const plan = planWith({ index, used: new Set() }, config);
  refuseUnknown(plan.ignored);
  return plan;
}

/** The same for people: every problem, instead of the first one thrown. */
export function surveyTensors(index: TensorIndex, config: ModelConfig): TensorSurvey {
  const problems: TensorProblem[] = [];
  const plan = planWith({ index, used: new Set(), problems }, config);
  return { plan, problems };
}

function planWith(find: Finder, config: ModelConfig): CheckpointPlan {
  const { hidden, layers, vocabulary } = config.text;
  const { projector } = config;
  const plan = {
    embeddings: tensor(find, TENSOR.embeddings, [vocabulary, hidden]),
    layers: layers.map((kind, layer) => planLayer(find, config, kind, layer)),
    finalNorm: tensor(find, TENSOR.finalNorm, [hidden]),
    lmHead: linear(find, TENSOR.lmHead, vocabulary, hidden),
    vision: planVision(find, config),
    projector: {
      norm: tensor(find, TENSOR.projectorNorm, [projector.input]),
      up: linear(find, TENSOR.projectorUp, projector.hidden, projector.input),
      down: linear(find, TENSOR.projectorDown, projector.output, projector.hidden),
    },
  };
  const ignored = [...find.index.tensors.keys()].filter((name) => !find.used.has(name)).sort();
  return { ...plan, ignored };
}

function planLayer(find: Finder, config: ModelConfig, kind: LayerKind, layer: number): LayerPlan {
  const { hidden, mamba, attention, mlp } = config.text;
  const prefix = layerPrefix(layer);
  const mixer = `${prefix}.mixer`;
  const norm = tensor(find, `${prefix}.norm.weight`, [hidden]);
  switch (kind) {
    case "mamba2":
      return {
        kind,
        norm,
        inProj: linear(find, `${mixer}.in_proj`, mamba.projWidth, hidden),
        convWeight: tensor(find, `${mixer}.conv1d.weight`, [mamba.convWidth, 1, mamba.convKernel]),
        convBias: tensor(find, `${mixer}.conv1d.bias`, [mamba.convWidth]),
        dtBias: tensor(find, `${mixer}.dt_bias`, [mamba.heads]),
        aLog: tensor(find, `${mixer}.A_log`, [mamba.heads]),
        d: tensor(find, `${mixer}.D`, [mamba.heads]),
        gateNorm: tensor(find, `${mixer}.norm.weight`, [mamba.inner]),
        outProj: linear(find, `${mixer}.out_proj`, hidden, mamba.inner),
      };
    case "attention": {
      const inner = attention.heads * attention.headDim;
      const kvInner = attention.kvHeads * attention.headDim;
      return {
        kind,
        norm,
        q: linear(find, `${mixer}.q_proj`, inner, hidden),
        k: linear(find, `${mixer}.k_proj`, kvInner, hidden),
        v: linear(find, `${mixer}.v_proj`, kvInner, hidden),
        o: linear(find, `${mixer}.o_proj`, hidden, inner),
      };
    }
    case "mlp":
      return {
        kind,
        norm,
        up: linear(find, `${mixer}.up_proj`, mlp.intermediate, hidden),
        down: linear(find, `${mixer}.down_proj`, hidden, mlp.intermediate),
      };
  }
}

function planVision(find: Finder, config: ModelConfig): CheckpointPlan["vision"] {
  const { hidden, layers, intermediate, patchPx, positionSide, prefixTokens } = config.vision;
  const block = (number: number): VisionBlockPlan => {
    const prefix = blockPrefix(number);
    return {
      norm1: layerNorm(find, `${prefix}.norm1`, hidden),
      qkv: biased(find, `${prefix}.attn.qkv`, 3 * hidden, hidden),
      proj: biased(find, `${prefix}.attn.proj`, hidden, hidden),
      norm2: layerNorm(find, `${prefix}.norm2`, hidden),
      fc1: biased(find, `${prefix}.mlp.fc1`, intermediate, hidden),
      fc2: biased(find, `${prefix}.mlp.fc2`, hidden, intermediate),
    };
  };
  return {
    embedder: linear(find, TENSOR.patchEmbedder, hidden, 3 * patchPx * patchPx),
    position: tensor(find, TENSOR.position, [1, positionSide * positionSide, hidden]),
    prefix: tensor(find, TENSOR.prefix, [prefixTokens, hidden]),
    blocks: Array.from({ length: layers }, (_, number) => block(number)),
  };
}
