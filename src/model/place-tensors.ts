// Places a plan's tensors in a backend's memory: norms and biases as vectors, linears as packed
// matrices.

import type { MatrixSource, Tensor } from "../backends/backend.ts";
import type { WeightFormat } from "../core/dtype.ts";
import { VireoError } from "../core/errors.ts";
import type { MatrixPart, Placer } from "../weights/packed.ts";
import {
  readTensor,
  readTensorRange,
  type TensorEntry,
  toFloat32,
} from "../weights/safetensors.ts";
import type { LinearPlan, NormPlan } from "./find-tensors.ts";

/** "stored" keeps the checkpoint's own formats; int8 and int4 are made from BF16. */
export type LoadFormat = "stored" | "int8" | "int4";

export function vector(placer: Placer, entry: TensorEntry, rows = 1): Tensor {
  const count = entry.shape.reduce((product, size) => product * size, 1);
  return placer.vector(rows, count / rows, () => readFloats(entry));
}

/** Stacks the outputs of linears that share a format and inputs into one matrix. */
export function matrix(placer: Placer, linears: readonly LinearPlan[], format: LoadFormat) {
  const [first] = linears;
  if (!first) throw new Error("bug: a matrix needs at least one linear");
  const outputs = linears.reduce((sum, linear) => sum + linear.outputs, 0);
  let firstRow = 0;
  const parts = linears.map((linear) => {
    const part = linearPart(linear, firstRow);
    firstRow += linear.outputs;
    return part;
  });
  return placer.matrix(formatOf(first, format), outputs, first.inputs, parts);
}

function formatOf(linear: LinearPlan, requested: LoadFormat): WeightFormat {
  if (requested === "stored") return linear.format;
  if (linear.format === "bf16") return requested;
  const text =
    `${linear.name} is stored as ${linear.format}, which keeps its format; ` +
    `${requested} can only be made from a BF16 checkpoint`;
  throw new VireoError("invalid_option", text, { param: "format" });
}

function linearPart(linear: LinearPlan, firstRow: number): MatrixPart {
  const { weight, outputs, inputs } = linear;
  if (linear.format === "bf16") return { ...entryPart(weight, inputs), firstRow };
  const rowBytes = linear.format === "fp8" ? inputs : inputs / 2;
  const read = async (from: number, to: number): Promise<MatrixSource> => {
    const data = await readTensorRange(weight, from * rowBytes, to * rowBytes);
    const scale = (await readFloats(linear.scale))[0]!;
    if (linear.format === "fp8") return { kind: "fp8", data, scale };
    const groups = inputs / 16;
    const blockScales = await readTensorRange(linear.blockScale, from * groups, to * groups);
    return { kind: "nvfp4", data, blockScales, scale };
  };
  return { name: linear.name, firstRow, rows: outputs, rowBytes, read };
}

/** Rows of a plain tensor, [rows, cols] or with more dimensions in a row. */
export function entryPart(entry: TensorEntry, cols: number): MatrixPart {
  const rows = entry.shape.reduce((product, size) => product * size, 1) / cols;
  const rowBytes = entry.bytes / rows;
  const kind = entry.dtype === "F32" ? "f32" : entry.dtype === "F16" ? "f16" : "bf16";
  return {
    name: entry.name,
    firstRow: 0,
    rows,
    rowBytes,
    read: async (from, to) => ({
      kind,
      data: await readTensorRange(entry, from * rowBytes, to * rowBytes),
    }),
  };
}

export async function readFloats(entry: TensorEntry): Promise<Float32Array> {
  const values = toFloat32(entry, await readTensor(entry));
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const text = `${entry.name} is not a number at index ${bad}; the checkpoint is damaged`;
    throw new VireoError("invalid_checkpoint", text);
  }
  return values;
}

export function norm(placer: Placer, { weight, bias }: NormPlan) {
  return { weight: vector(placer, weight), bias: vector(placer, bias) };
}

/** A matrix of stacked linears, as it is stored, and their biases in one row. */
export function biased(placer: Placer, linears: readonly LinearPlan[]) {
  const outputs = linears.reduce((sum, linear) => sum + linear.outputs, 0);
  const bias = placer.vector(1, outputs, async () => {
    const all = new Float32Array(outputs);
    let at = 0;
    for (const linear of linears) {
      all.set(await readFloats(linear.bias ?? missing(linear.name)), at);
      at += linear.outputs;
    }
    return all;
  });
  return { weight: matrix(placer, linears, "stored"), bias };
}

function missing(name: string): never {
  throw new VireoError("invalid_checkpoint", `${name}.bias is missing`);
}
