// The vision tower, C-RADIOv2-H: tiles of pixels → one row per patch. Source: MODEL.md § Vision.
//
// n tiles · P patches per tile 1024 · R prefix rows 16 · width 1280 · 16 heads of 80

import type { Step, Tensor } from "../../backends/backend.ts";
import type { ModelConfig } from "../config.ts";
import type { VisionBlockWeights, VisionWeights } from "../parameters.ts";

/** Sees what each stage makes, for comparisons. */
export type VisionObserver = (stage: string, x: Tensor) => void;

/** pixels [n, 3·tilePx²], normalised → rows of every tile with its prefix: [n·(R + P), width]. */
export function encodeTiles(
  step: Step,
  config: ModelConfig,
  w: VisionWeights,
  pixels: Tensor,
  observe?: VisionObserver,
): Tensor {
  const tokens = w.prefix.rows + w.position.rows;
  const x = step.empty(pixels.rows * tokens, w.position.cols); // [n·(R + P), width]
  embedTiles(step, config, w, pixels, x, observe);
  w.blocks.forEach((block, b) => {
    visionBlock(step, config.vision, block, x, tokens);
    observe?.(`block.${b}`, x);
  });
  return x;
}

/** pixels [n, 3·tilePx²], normalised → x [n·(R + P), width]: patches, positions, prefix rows. */
export function embedTiles(
  step: Step,
  config: ModelConfig,
  w: VisionWeights,
  pixels: Tensor,
  x: Tensor,
  observe?: VisionObserver,
): void {
  const { tilePx, patchPx } = config.vision;
  step.scope(() => {
    const patches = step.patchify(pixels, tilePx, patchPx); // [n·P, 3·patchPx²]
    const embedded = step.matmul(patches, w.embedder); // [n·P, width]
    observe?.("patch_embed", embedded);
    step.tileTokens(embedded, w.prefix, w.position, x);
  });
  observe?.("with_prefix", x);
}

/** Sizes of a block; two towers share its code. */
export interface VisionBlockShape {
  readonly heads: number;
  readonly headDim: number;
  readonly eps: number;
}

/** x ← x + proj(attention(norm1(x))), then x ← x + fc2(activation(fc1(norm2(x)))). */
export function visionBlock(
  step: Step,
  { heads, headDim, eps }: VisionBlockShape,
  w: VisionBlockWeights,
  x: Tensor,
  tokens: number,
  activation: "gelu" | "geluTanh" = "gelu",
): void {
  step.scope(() => {
    const normed = step.layerNorm(x, w.norm1.weight, w.norm1.bias, eps); // [rows, width]
    const qkv = step.matmul(normed, w.qkv.weight, { bias: w.qkv.bias }); // [rows, 3·width]
    const mixed = step.tileAttention(qkv, tokens, heads, headDim ** -0.5); // [rows, width]
    step.matmulAdd(x, mixed, w.proj.weight, { bias: w.proj.bias });
  });
  step.scope(() => {
    const normed = step.layerNorm(x, w.norm2.weight, w.norm2.bias, eps); // [rows, width]
    const hidden = step.matmul(normed, w.fc1.weight, { bias: w.fc1.bias, activation });
    step.matmulAdd(x, hidden, w.fc2.weight, { bias: w.fc2.bias });
  });
}
