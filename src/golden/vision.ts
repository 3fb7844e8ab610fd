// Cases of the vision tower and the projector: one tile, every stage.

import type { Backend, Tensor } from "../backends/backend.ts";
import type { Model } from "../model/load.ts";
import { encodeTiles } from "../model/vision/encoder.ts";
import { project } from "../model/vision/projector.ts";
import type { CaseFile } from "./case-files.ts";
import type { Comparison } from "./comparison.ts";

export async function compareVision(
  backend: Backend,
  model: Model,
  file: CaseFile,
  comparison: Comparison,
): Promise<void> {
  const { config, weights } = model;
  const { tensors } = file;
  const step = backend.begin();
  const copies = new Map<string, Tensor>();
  for (const name of tensors.names) {
    const [count, cols] = tensors.shape(name);
    if (cols !== undefined && !name.startsWith("alt_")) copies.set(name, step.empty(count!, cols));
  }
  const observed: string[] = [];
  const observe = (stage: string, x: Tensor): void => {
    const copy = copies.get(stage);
    if (!copy) return;
    step.scatterRows(
      copy,
      Int32Array.from({ length: x.rows }, (_, row) => row),
      x,
    );
    observed.push(stage);
  };
  const pixels = step.input(tensors.floats("pixels"), 1);
  const rows = encodeTiles(step, config, weights.vision, pixels, observe);
  const projected = project(step, config, weights.projector, rows, observe);
  const found = await step.read(projected, ...observed.map((name) => copies.get(name)!));
  const stages = new Map(["projected", ...observed].map((name, i) => [name, found[i]!]));
  // Two stages are others without their prefix rows.
  const prefix = config.vision.prefixTokens * config.vision.hidden;
  const last = `block.${config.vision.layers - 1}`;
  stages.set("pos_embedded", stages.get("with_prefix")?.subarray(prefix) ?? new Float32Array(0));
  stages.set("features", stages.get(last)?.subarray(prefix) ?? new Float32Array(0));
  for (const name of tensors.names) {
    if (name === "pixels" || name.startsWith("alt_")) continue;
    comparison.close(name, stages.get(name) ?? [], tensors.floats(name));
  }
}
