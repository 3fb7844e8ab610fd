// Pixel shuffle and projector: rows of the vision tower → rows of the language model.
//                                                              Source: MODEL.md § Projector.
// n tiles · 1024 patches → 256 rows of 4·1280 → 20480 → 5120

import type { Step, Tensor } from "../../backends/backend.ts";
import type { ModelConfig } from "../config.ts";
import type { ProjectorWeights } from "../parameters.ts";
import type { VisionObserver } from "./encoder.ts";

export function project(
  step: Step,
  config: ModelConfig,
  w: ProjectorWeights,
  x: Tensor,
  observe?: VisionObserver,
): Tensor {
  const { prefixTokens, gridSide } = config.vision;
  const joined = step.pixelShuffle(x, prefixTokens, gridSide); // [n·256, 5120]
  observe?.("pixel_shuffled", joined);
  const normed = step.rmsNorm(joined, w.norm, config.projector.eps); // [n·256, 5120]
  const hidden = step.matmul(normed, w.up, { activation: "relu2" }); // [n·256, 20480]
  return step.matmul(hidden, w.down); // [n·256, 5120]
}
