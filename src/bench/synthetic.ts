// A network of the real widths and of any depth, with random weights and without a checkpoint.

import type { Backend, Matrix, Tensor } from "../backends/backend.ts";
import type { WeightFormat } from "../core/dtype.ts";
import { VireoError } from "../core/errors.ts";
import type { LayerKind, ModelConfig } from "../model/config.ts";
import type { Model } from "../model/load.ts";
import type { LayerWeights, ModelWeights, VisionBlockWeights } from "../model/parameters.ts";
import { type Placer, placeWeights } from "../weights/packed.ts";
import { randomFloats, SourceMaker, sourceRowBytes } from "./values.ts";

export const REAL_PATTERN = "M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M-";

export interface SyntheticOptions {
  /** M Mamba-2, - MLP, * attention. */
  readonly pattern: string;
  readonly vocabulary: number;
  /** Format of the layers' matrices. With an integer format, lm_head is int8. */
  readonly format: WeightFormat;
  readonly visionBlocks: number;
}

/** Rows of the embedding table that are written; ids stay below. */
export const WRITTEN_IDS = 256;

const KINDS: ReadonlyMap<string, LayerKind> = new Map([
  ["M", "mamba2"],
  ["-", "mlp"],
  ["*", "attention"],
]);

export function syntheticConfig({ pattern, ...options }: SyntheticOptions): ModelConfig {
  const layers = [...pattern].map((letter) => {
    const kind = KINDS.get(letter);
    if (kind) return kind;
    const text = `the pattern has "${letter}"; it may have M, - and *`;
    throw new VireoError("invalid_option", text, { param: "pattern" });
  });
  const [heads, headDim, groups, state] = [128, 80, 8, 128];
  const inner = heads * headDim;
  const convWidth = inner + 2 * groups * state;
  const projWidth = inner + convWidth + heads;
  const mamba = { heads, headDim, groups, state, convKernel: 4, inner, convWidth, projWidth };
  const hidden = 5120;
  return {
    name: undefined,
    text: {
      hidden,
      layers,
      vocabulary: options.vocabulary,
      eps: 1e-5,
      mamba: { ...mamba, chunk: 128 },
      attention: { heads: 40, kvHeads: 8, headDim: 128 },
      mlp: { intermediate: 20480 },
      contextTokens: 131072,
    },
    vision: {
      hidden: 1280,
      layers: options.visionBlocks,
      heads: 16,
      headDim: 80,
      intermediate: 5120,
      patchPx: 16,
      tilePx: 512,
      gridSide: 32,
      tokensPerTile: 256,
      prefixTokens: 16,
      positionSide: 128,
      eps: 1e-6,
    },
    projector: { input: 5120, hidden: 20480, output: hidden, eps: 1e-5 },
    image: { maxTiles: 12, useThumbnail: true, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    tokens: {
      image: "<image>",
      imageStart: "<img>",
      imageEnd: "</img>",
      video: "<video>",
      imageId: undefined,
      bosId: 1,
      eosIds: [12],
    },
    videoPruningRate: 0,
  };
}

/** Makes vectors and matrices of random numbers with a placer. */
class Maker {
  private readonly placer: Placer;
  private readonly sources: SourceMaker;

  constructor(placer: Placer, sources: SourceMaker) {
    this.placer = placer;
    this.sources = sources;
  }

  constant(count: number, value: number): Tensor {
    return this.placer.vector(1, count, async () => new Float32Array(count).fill(value));
  }

  random(rows: number, cols: number, amplitude: number): Tensor {
    return this.placer.vector(rows, cols, async () => randomFloats(rows * cols, amplitude));
  }

  /** written: false keeps the memory untouched, for parameters that no figure uses. */
  matrix(format: WeightFormat, outputs: number, inputs: number, written = true): Matrix {
    const read = async (from: number, to: number) => this.sources.source(format, to - from, inputs);
    const rowBytes = sourceRowBytes(format, inputs);
    const part = { name: "made up", firstRow: 0, rows: outputs, rowBytes, read };
    return this.placer.matrix(format, outputs, inputs, written ? [part] : []);
  }

  table(rows: number, cols: number) {
    const read = async (from: number, to: number) => this.sources.source("bf16", to - from, cols);
    const part = { name: "made up", firstRow: 0, rows: WRITTEN_IDS, rowBytes: cols * 2, read };
    return this.placer.table(rows, cols, part);
  }
}

export async function syntheticModel(backend: Backend, options: SyntheticOptions): Promise<Model> {
  const config = syntheticConfig(options);
  const sources = new SourceMaker();
  const describe = (placer: Placer): ModelWeights =>
    describeModel(new Maker(placer, sources), config, options.format);
  const { value: weights, region } = await placeWeights(backend, describe, { key: "bench" });
  return { config, weights, region, fromCache: false, fingerprint: "bench" };
}

export function headFormat(format: WeightFormat): WeightFormat {
  return format === "int4" || format === "int8" ? "int8" : "bf16";
}

function describeModel(make: Maker, config: ModelConfig, format: WeightFormat): ModelWeights {
  const { hidden, vocabulary } = config.text;
  const { vision, projector } = config;
  return {
    embeddings: make.table(vocabulary, hidden),
    layers: config.text.layers.map((kind) => describeLayer(make, config, kind, format)),
    finalNorm: make.constant(hidden, 1),
    lmHead: make.matrix(headFormat(format), vocabulary, hidden),
    vision: {
      embedder: make.matrix("bf16", vision.hidden, 3 * vision.patchPx ** 2, false),
      position: make.random(vision.gridSide ** 2, vision.hidden, 0.5),
      prefix: make.random(vision.prefixTokens, vision.hidden, 0.5),
      blocks: Array.from({ length: vision.layers }, () => describeBlock(make, config)),
    },
    projector: {
      norm: make.constant(projector.input, 1),
      up: make.matrix("bf16", projector.hidden, projector.input, false),
      down: make.matrix("bf16", projector.output, projector.hidden, false),
    },
  };
}

function describeLayer(
  make: Maker,
  config: ModelConfig,
  kind: LayerKind,
  format: WeightFormat,
): LayerWeights {
  const { hidden, mamba, attention, mlp } = config.text;
  const norm = make.constant(hidden, 1);
  if (kind === "mlp") {
    const up = make.matrix(format, mlp.intermediate, hidden);
    return { kind, norm, up, down: make.matrix(format, hidden, mlp.intermediate) };
  }
  if (kind === "attention") {
    const { heads, kvHeads, headDim } = attention;
    const qkv = [make.matrix(format, (heads + 2 * kvHeads) * headDim, hidden)];
    return { kind, norm, qkv, outProj: make.matrix(format, hidden, heads * headDim) };
  }
  const { heads, groups, state, convKernel, convWidth, inner, projWidth } = mamba;
  return {
    kind,
    norm,
    inProj: make.matrix(format, projWidth, hidden),
    convWeight: make.random(convKernel, convWidth, 0.4),
    convBias: make.constant(convWidth, 0),
    scan: {
      a: make.constant(heads, -8),
      d: make.constant(heads, 1),
      dtBias: make.constant(heads, -3),
      heads,
      groups,
      state,
    },
    gateNorm: make.constant(inner, 1),
    outProj: make.matrix(format, hidden, inner),
  };
}

function describeBlock(make: Maker, { vision }: ModelConfig): VisionBlockWeights {
  const { hidden, intermediate } = vision;
  const norm = () => ({ weight: make.constant(hidden, 1), bias: make.constant(hidden, 0) });
  const linear = (outputs: number, inputs: number) => ({
    weight: make.matrix("bf16", outputs, inputs),
    bias: make.constant(outputs, 0),
  });
  return {
    norm1: norm(),
    qkv: linear(3 * hidden, hidden),
    proj: linear(hidden, hidden),
    norm2: norm(),
    fc1: linear(intermediate, hidden),
    fc2: linear(hidden, intermediate),
  };
}
