import type { Backend, Region } from "../backends/backend.ts";
import type { Damage } from "../weights/checksums.ts";
import { type Packed, type PackedOptions, type Placer, placeWeights } from "../weights/packed.ts";
import { contentKey, openCheckpointFiles } from "../weights/safetensors.ts";
import { type ModelConfig, readModelConfig } from "./config.ts";
import type { LinearPlan } from "./find-tensors.ts";
import { type CheckpointPlan, type LayerPlan, planCheckpoint } from "./names.ts";
import type { LayerWeights, ModelWeights } from "./parameters.ts";
import {
  biased,
  entryPart,
  type LoadFormat,
  matrix,
  norm,
  readFloats,
  vector,
} from "./place-tensors.ts";
import { resizePositions } from "./vision/position.ts";

export interface Model {
  readonly config: ModelConfig;
  readonly weights: ModelWeights;
  readonly region: Region;
  readonly fromCache: boolean;
  readonly cacheError?: string;
  /** The damaged part of an earlier packed file, which has been packed again. */
  readonly repaired?: Damage;
  /** Verifies large packed weights while they are in use. */
  readonly verifyLater?: (signal: AbortSignal) => Promise<Damage | undefined>;
  /** Identifies weights, format and kernels: equal fingerprints give equal answers. */
  readonly fingerprint: string;
}

export interface LoadOptions
  extends Pick<PackedOptions, "cacheDir" | "onProgress" | "verifyFirstBytes"> {
  readonly format?: LoadFormat;
}

/** Reads, checks and packs a checkpoint folder. Throws VireoError naming what is wrong. */
export async function loadModel(
  backend: Backend,
  dir: string,
  options: LoadOptions = {},
): Promise<Model> {
  const index = await openCheckpointFiles(dir);
  const config = await readModelConfig(index);
  const plan = planCheckpoint(index, config);
  const format = options.format ?? "stored";
  const key = `${format} ${await contentKey(index)}`;
  const describe = (placer: Placer): ModelWeights => describeModel(placer, config, plan, format);
  const packed: Packed<ModelWeights> = await placeWeights(backend, describe, { ...options, key });
  const { value: weights, ...found } = packed;
  const fingerprint = `${key.slice(-16)}-${format}-${backend.kernelSet}`;
  return { config, weights, fingerprint, ...found };
}

function describeModel(
  placer: Placer,
  config: ModelConfig,
  plan: CheckpointPlan,
  format: LoadFormat,
): ModelWeights {
  const { vision } = plan;
  const side = config.vision.gridSide;
  const positions = async (): Promise<Float32Array> => {
    const grid = await readFloats(vision.position);
    return resizePositions(grid, config.vision.positionSide, config.vision.hidden, side, side);
  };
  return {
    embeddings: placer.table(
      config.text.vocabulary,
      config.text.hidden,
      entryPart(plan.embeddings, config.text.hidden),
    ),
    layers: plan.layers.map((layer) => describeLayer(placer, config, layer, format)),
    finalNorm: vector(placer, plan.finalNorm),
    lmHead: matrix(placer, [plan.lmHead], format === "stored" ? "stored" : "int8"),
    vision: {
      embedder: matrix(placer, [vision.embedder], "stored"),
      position: placer.vector(side * side, config.vision.hidden, positions),
      prefix: vector(placer, vision.prefix, config.vision.prefixTokens),
      blocks: vision.blocks.map((block) => ({
        norm1: norm(placer, block.norm1),
        qkv: biased(placer, [block.qkv]),
        proj: biased(placer, [block.proj]),
        norm2: norm(placer, block.norm2),
        fc1: biased(placer, [block.fc1]),
        fc2: biased(placer, [block.fc2]),
      })),
    },
    projector: {
      norm: vector(placer, plan.projector.norm),
      up: matrix(placer, [plan.projector.up], "stored"),
      down: matrix(placer, [plan.projector.down], "stored"),
    },
  };
}

function describeLayer(
  placer: Placer,
  config: ModelConfig,
  plan: LayerPlan,
  format: LoadFormat,
): LayerWeights {
  const norm = vector(placer, plan.norm);
  const linear = (of: LinearPlan) => matrix(placer, [of], format);
  if (plan.kind === "mlp") {
    return { kind: "mlp", norm, up: linear(plan.up), down: linear(plan.down) };
  }
  if (plan.kind === "attention") {
    const { q, k, v } = plan;
    const fused = q.format === k.format && k.format === v.format;
    const qkv = fused ? [matrix(placer, [q, k, v], format)] : [q, k, v].map(linear);
    return { kind: "attention", norm, qkv, outProj: linear(plan.o) };
  }
  const { heads, groups, state, convKernel, convWidth } = config.text.mamba;
  const taps = async (): Promise<Float32Array> =>
    transpose(await readFloats(plan.convWeight), convWidth, convKernel);
  const negative = async (): Promise<Float32Array> =>
    (await readFloats(plan.aLog)).map((x) => -Math.exp(x));
  return {
    kind: "mamba2",
    norm,
    inProj: linear(plan.inProj),
    convWeight: placer.vector(convKernel, convWidth, taps),
    convBias: vector(placer, plan.convBias),
    scan: {
      a: placer.vector(1, heads, negative),
      d: vector(placer, plan.d),
      dtBias: vector(placer, plan.dtBias),
      heads,
      groups,
      state,
    },
    gateNorm: vector(placer, plan.gateNorm),
    outProj: linear(plan.outProj),
  };
}

function transpose(values: Float32Array, rows: number, cols: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) out[c * rows + r] = values[r * cols + c]!;
  }
  return out;
}
