// The MLP: x + down(relu(up(normed))²).                              Source: MODEL.md § MLP.

import type { Step, Tensor } from "../backends/backend.ts";
import type { MlpWeights } from "./parameters.ts";

export function mlp(step: Step, w: MlpWeights, x: Tensor, normed: Tensor): void {
  const hidden = step.matmul(normed, w.up, { activation: "relu2" }); // [T, intermediate]
  step.matmulAdd(x, hidden, w.down); // [T, hidden]
}
