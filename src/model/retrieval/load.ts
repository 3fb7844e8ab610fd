import type { Backend, Region } from "../../backends/backend.ts";
import { type PackedOptions, type Placer, placeWeights } from "../../weights/packed.ts";
import { contentKey, openCheckpointFiles } from "../../weights/safetensors.ts";
import { biased, entryPart, matrix, norm, vector } from "../place-tensors.ts";
import { type RetrievalConfig, readRetrievalConfig } from "./config.ts";
import {
  planRetrieval,
  type RetrievalPlan,
  type SiglipBlockPlan,
  type SiglipPlan,
  type TowerLayerPlan,
} from "./names.ts";
import type { RetrievalWeights, SiglipWeights } from "./parameters.ts";
import { ropeAngles } from "./rope.ts";
import type { SiglipConfig } from "./vision-config.ts";

export interface RetrievalModel {
  readonly config: RetrievalConfig;
  readonly weights: RetrievalWeights;
  readonly region: Region;
  /** Identifies weights and kernels: equal fingerprints give equal vectors. */
  readonly fingerprint: string;
}

/** Reads, checks and packs a retrieval model. Throws VireoError naming what is wrong. */
export async function loadRetrievalModel(
  backend: Backend,
  dir: string,
  options: Pick<PackedOptions, "cacheDir" | "onProgress"> = {},
): Promise<RetrievalModel> {
  const index = await openCheckpointFiles(dir);
  const config = await readRetrievalConfig(index);
  const plan = planRetrieval(index, config);
  const key = `retrieval ${await contentKey(index)}`;
  const describe = (placer: Placer) => describeModel(placer, config, plan);
  const { value: weights, region } = await placeWeights(backend, describe, { ...options, key });
  return { config, weights, region, fingerprint: `${key.slice(-16)}-${backend.kernelSet}` };
}

function describeModel(
  placer: Placer,
  config: RetrievalConfig,
  plan: RetrievalPlan,
): RetrievalWeights {
  const { hidden, vocabulary, headDim, positions, rope } = config.text;
  const angles = async () => ropeAngles(rope, headDim, positions);
  return {
    embeddings: placer.table(vocabulary, hidden, entryPart(plan.embeddings, hidden)),
    angles: placer.vector(positions, headDim, angles),
    layers: plan.layers.map((layer) => describeLayer(placer, layer)),
    finalNorm: vector(placer, plan.finalNorm),
    score: plan.score && matrix(placer, [plan.score], "stored"),
    vision: plan.vision && config.vision && describeSiglip(placer, config.vision, plan.vision),
  };
}

function describeLayer(placer: Placer, layer: TowerLayerPlan) {
  const { q, k, v, gate, up } = layer;
  return {
    norm1: vector(placer, layer.norm1),
    qkv: matrix(placer, [q, k, v], "stored"),
    out: matrix(placer, [layer.o], "stored"),
    norm2: vector(placer, layer.norm2),
    gateUp: matrix(placer, [gate, up], "stored"),
    down: matrix(placer, [layer.down], "stored"),
  };
}

function describeSiglip(placer: Placer, config: SiglipConfig, plan: SiglipPlan): SiglipWeights {
  const { hidden, patchPx, gridSide } = config;
  const inputs = 3 * patchPx ** 2;
  const patches = [entryPart(plan.patches, inputs)];
  return {
    patches: {
      weight: placer.matrix("bf16", hidden, inputs, patches),
      bias: vector(placer, plan.patchBias),
    },
    position: vector(placer, plan.position, gridSide ** 2),
    blocks: plan.blocks.map((block) => describeBlock(placer, block)),
    finalNorm: norm(placer, plan.finalNorm),
    projector: {
      norm: norm(placer, plan.projectorNorm),
      up: biased(placer, [plan.projectorUp]),
      down: biased(placer, [plan.projectorDown]),
    },
  };
}

function describeBlock(placer: Placer, block: SiglipBlockPlan) {
  const { q, k, v } = block;
  return {
    norm1: norm(placer, block.norm1),
    qkv: biased(placer, [q, k, v]),
    proj: biased(placer, [block.out]),
    norm2: norm(placer, block.norm2),
    fc1: biased(placer, [block.fc1]),
    fc2: biased(placer, [block.fc2]),
  };
}
