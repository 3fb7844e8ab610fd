// Checkpoint tensors ↔ the fields of the network: which tensor goes where, with the shape that the
// configuration demands. A plan is complete or an error; the loader only follows it.

import { defined } from "../core/defined.ts";
import type { StoredDtype } from "../core/dtype.ts";
import { VireoError } from "../core/errors.ts";
import type { TensorEntry, TensorIndex } from "../weights/safetensors.ts";
import { quoted } from "../weights/safetensors-header.ts";
import type { LayerKind, ModelConfig } from "./config.ts";
import { blockPrefix, layerPrefix, TENSOR } from "./tensor-names.ts";
import { refuseUnknown } from "./unused-tensors.ts";

interface LinearBase {
  /** Without `.weight`. */
  readonly name: string;
  /** Rows of the matrix: width of the output. */
  readonly outputs: number;
  /** Columns of the matrix: width of the input. */
  readonly inputs: number;
  /** [outputs], only in the vision tower. */
  readonly bias?: TensorEntry;
}

/** A matrix as the checkpoint stores it; bf16 stands for BF16, F16 and F32.  MODEL.md § Formats. */
export type LinearPlan = LinearBase &
  (
    | { readonly format: "bf16"; readonly weight: TensorEntry }
    | {
        readonly format: "fp8";
        readonly weight: TensorEntry;
        /** One F32 number for the whole matrix. */
        readonly scale: TensorEntry;
        readonly inputScale?: TensorEntry;
      }
    | {
        readonly format: "nvfp4";
        /** U8 [outputs, inputs / 2], even column in the low nibble. */
        readonly weight: TensorEntry;
        /** F8_E4M3 [outputs, inputs / 16]. */
        readonly blockScale: TensorEntry;
        /** One F32 number for the whole matrix. */
        readonly scale: TensorEntry;
        readonly inputScale?: TensorEntry;
      }
  );

export interface NormPlan {
  readonly weight: TensorEntry;
  readonly bias: TensorEntry;
}

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

const FLOATS: readonly StoredDtype[] = ["BF16", "F16", "F32"];
const NVFP4_BLOCK = 16;

/** Looks tensors up and remembers which were used. */
interface Finder {
  readonly index: TensorIndex;
  readonly used: Set<string>;
  /** Where problems are collected instead of thrown. */
  readonly problems?: TensorProblem[];
}

/** A tensor that is not there, or not as the configuration demands. */
export interface TensorProblem {
  readonly name: string;
  readonly expected: string;
  /** Absent: the tensor is missing. */
  readonly found?: string;
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

/**
 * The format is read off the tensors themselves, not off the files that describe the
 * quantisation: those differ between exporters, the tensors do not.
 */
function linear(find: Finder, name: string, outputs: number, inputs: number): LinearPlan {
  const stored = find.index.tensors.get(`${name}.weight`);
  const base = { name, outputs, inputs };
  if (stored?.dtype === "F8_E4M3") {
    const weight = tensor(find, `${name}.weight`, [outputs, inputs], ["F8_E4M3"]);
    const scale = scalar(find, `${name}.weight_scale`);
    return { ...base, format: "fp8", weight, scale, ...inputScale(find, name) };
  }
  if (stored?.dtype === "U8") {
    if (inputs % NVFP4_BLOCK !== 0) {
      throw bad(`tensor ${quoted(name)}: ${inputs} columns are no multiple of ${NVFP4_BLOCK}`);
    }
    const blocks = inputs / NVFP4_BLOCK;
    const weight = tensor(find, `${name}.weight`, [outputs, inputs / 2], ["U8"]);
    const blockScale = tensor(find, `${name}.weight_scale`, [outputs, blocks], ["F8_E4M3"]);
    const scale = scalar(find, `${name}.weight_scale_2`);
    return { ...base, format: "nvfp4", weight, blockScale, scale, ...inputScale(find, name) };
  }
  const weight = tensor(find, `${name}.weight`, [outputs, inputs]);
  return { ...base, format: "bf16", weight };
}

function biased(find: Finder, name: string, outputs: number, inputs: number): LinearPlan {
  const bias = tensor(find, `${name}.bias`, [outputs]);
  return { ...linear(find, name, outputs, inputs), bias };
}

function layerNorm(find: Finder, name: string, width: number): NormPlan {
  return {
    weight: tensor(find, `${name}.weight`, [width]),
    bias: tensor(find, `${name}.bias`, [width]),
  };
}

function inputScale(find: Finder, name: string): { readonly inputScale?: TensorEntry } {
  const key = `${name}.input_scale`;
  return find.index.tensors.has(key) ? { inputScale: scalar(find, key) } : {};
}

/** One F32 number, with or without a dimension of 1. */
function scalar(find: Finder, name: string): TensorEntry {
  const entry = find.index.tensors.get(name);
  return tensor(find, name, entry?.shape.length === 1 ? [1] : [], ["F32"]);
}

function tensor(
  find: Finder,
  name: string,
  shape: readonly number[],
  dtypes: readonly StoredDtype[] = FLOATS,
): TensorEntry {
  const entry = find.index.tensors.get(name);
  const expected = `${dtypes.join("/")} [${shape.join(", ")}]`;
  if (entry !== undefined) find.used.add(name);
  const found = entry && `${entry.dtype} [${entry.shape.join(", ")}]`;
  const fits = entry?.shape.length === shape.length && entry.shape.every((n, i) => n === shape[i]);
  if (entry !== undefined && fits && dtypes.includes(entry.dtype)) return entry;
  if (find.problems !== undefined) {
    find.problems.push({ name, expected, ...defined({ found }) });
    return standIn(name, shape, dtypes[0] ?? "BF16");
  }
  if (entry === undefined) throw bad(`tensor ${quoted(name)} is missing; expected ${expected}`);
  throw bad(`${entry.file.name}: tensor ${quoted(name)} is ${found}; expected ${expected}`);
}

/** Has the shape of a tensor that is not there; it is never read. */
function standIn(name: string, shape: readonly number[], dtype: StoredDtype): TensorEntry {
  const file = { name: "", path: "", bytes: 0, dataOffset: 0 };
  return { name, dtype, shape, file, offsetBytes: 0, bytes: 0 };
}

function bad(message: string): VireoError {
  return new VireoError("invalid_checkpoint", message);
}
