import type { Matrix, ScanWeights, Table, Tensor } from "../backends/backend.ts";

/** The network's parameters on a backend, in the shape of the network. */

export interface Mamba2Weights {
  readonly kind: "mamba2";
  readonly norm: Tensor;
  readonly inProj: Matrix;
  /** [taps, convWidth] */
  readonly convWeight: Tensor;
  readonly convBias: Tensor;
  readonly scan: ScanWeights;
  readonly gateNorm: Tensor;
  readonly outProj: Matrix;
}

export interface AttentionWeights {
  readonly kind: "attention";
  readonly norm: Tensor;
  /** One matrix of q | k | v rows, or three where the checkpoint stores them differently. */
  readonly qkv: readonly Matrix[];
  readonly outProj: Matrix;
}

export interface MlpWeights {
  readonly kind: "mlp";
  readonly norm: Tensor;
  readonly up: Matrix;
  readonly down: Matrix;
}

export type LayerWeights = Mamba2Weights | AttentionWeights | MlpWeights;

export interface Linear {
  readonly weight: Matrix;
  readonly bias: Tensor;
}

export interface LayerNormWeights {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

export interface VisionBlockWeights {
  readonly norm1: LayerNormWeights;
  readonly qkv: Linear;
  readonly proj: Linear;
  readonly norm2: LayerNormWeights;
  readonly fc1: Linear;
  readonly fc2: Linear;
}

export interface VisionWeights {
  readonly embedder: Matrix;
  /** The position grid at the tile's own size, [patches, hidden]. */
  readonly position: Tensor;
  /** [prefixTokens, hidden] */
  readonly prefix: Tensor;
  readonly blocks: readonly VisionBlockWeights[];
}

export interface ProjectorWeights {
  readonly norm: Tensor;
  readonly up: Matrix;
  readonly down: Matrix;
}

export interface ModelWeights {
  readonly embeddings: Table;
  readonly layers: readonly LayerWeights[];
  readonly finalNorm: Tensor;
  readonly lmHead: Matrix;
  readonly vision: VisionWeights;
  readonly projector: ProjectorWeights;
}
