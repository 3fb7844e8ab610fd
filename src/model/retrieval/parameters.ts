import type { Matrix, Table, Tensor } from "../../backends/backend.ts";
import type { LayerNormWeights, Linear, VisionBlockWeights } from "../parameters.ts";

/** A retrieval model's parameters on a backend. */

export interface TowerLayerWeights {
  readonly norm1: Tensor;
  /** Rows q | k | v. */
  readonly qkv: Matrix;
  readonly out: Matrix;
  readonly norm2: Tensor;
  /** Rows gate | up. */
  readonly gateUp: Matrix;
  readonly down: Matrix;
}

export interface SiglipWeights {
  readonly patches: Linear;
  /** [patches of a tile, hidden]. */
  readonly position: Tensor;
  readonly blocks: readonly VisionBlockWeights[];
  readonly finalNorm: LayerNormWeights;
  readonly projector: {
    readonly norm: LayerNormWeights;
    readonly up: Linear;
    readonly down: Linear;
  };
}

export interface RetrievalWeights {
  readonly embeddings: Table;
  /** [positions, headDim]: cosines | sines. */
  readonly angles: Tensor;
  readonly layers: readonly TowerLayerWeights[];
  readonly finalNorm: Tensor;
  readonly score: Matrix | undefined;
  readonly vision: SiglipWeights | undefined;
}
