// The picture side of a retrieval model: SigLIP's tower, pixel shuffle and a projector.
//                                                    Source: MODEL.md § Retrieval models.
// n tiles · published: 1024 patches of 16 px, width 1152, 16 heads of 72, 256 rows per tile

import { rows, type Step, type Tensor } from "../../backends/backend.ts";
import { visionBlock } from "../vision/encoder.ts";
import type { SiglipWeights } from "./parameters.ts";
import type { SiglipConfig } from "./vision-config.ts";

/** pixels [n, 3·tilePx²], normalised to ±1 → rows of the text tower [n·tokensPerTile, hidden]. */
export function encodePictures(
  step: Step,
  config: SiglipConfig,
  w: SiglipWeights,
  pixels: Tensor,
): Tensor {
  const tokens = config.gridSide ** 2;
  const x = step.empty(pixels.rows * tokens, config.hidden); // [n·patches, width]
  step.scope(() => {
    const patches = step.patchify(pixels, config.tilePx, config.patchPx);
    const embedded = step.matmul(patches, w.patches.weight, { bias: w.patches.bias });
    step.tileTokens(embedded, rows(w.position, 0, 0), w.position, x); // no prefix rows
  });
  for (const block of w.blocks) visionBlock(step, config, block, x, tokens, "geluTanh");
  const last = step.layerNorm(x, w.finalNorm.weight, w.finalNorm.bias, config.eps);
  const joined = step.pixelShuffle(last, 0, config.gridSide); // [n·patches/4, 4·width]
  const { norm, up, down } = w.projector;
  const normed = step.layerNorm(joined, norm.weight, norm.bias, PROJECTOR_EPS);
  const hidden = step.matmul(normed, up.weight, { bias: up.bias, activation: "gelu" });
  return step.matmul(hidden, down.weight, { bias: down.bias });
}

/** torch's default for a LayerNorm. */
const PROJECTOR_EPS = 1e-5;
