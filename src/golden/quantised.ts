// Cases of the quantised formats: code tables, and linears of the checkpoints that use them.

import type { Backend, MatrixSource } from "../backends/backend.ts";
import { E2M1, E4M3 } from "../core/dtype.ts";
import { VireoError } from "../core/errors.ts";
import {
  openCheckpointFiles,
  readTensor,
  type TensorIndex,
  toFloat32,
} from "../weights/safetensors.ts";
import type { CaseFile } from "./case-files.ts";
import type { Comparison } from "./comparison.ts";

const NVFP4_GROUP = 16;

export function compareTables(file: CaseFile, comparison: Comparison): void {
  // The golden table has 0 where the codes are not a number.
  const numbers = E4M3.map((value) => (Number.isNaN(value) ? 0 : value));
  comparison.same("codes that are NaN", E4M3.filter(Number.isNaN).length, 2);
  comparison.within("e4m3", numbers, file.tensors.floats("e4m3_all_256"), 0);
  comparison.within("e2m1", E2M1, file.tensors.floats("e2m1_all_16"), 0);
}

interface LinearsCase {
  readonly linears: readonly string[];
}

export async function compareLinears(
  backend: Backend,
  checkpoint: string,
  file: CaseFile,
  comparison: Comparison,
): Promise<void> {
  const { linears } = file.json as unknown as LinearsCase;
  const index = await openCheckpointFiles(checkpoint);
  for (const name of linears) {
    const golden = file.tensors.doubles(`${name}.dequantised`);
    const [outputs, inputs] = file.tensors.shape(`${name}.dequantised`);
    const source = await readSource(index, name);
    comparison.within(`${name} by tables`, dequantise(source), golden, 0);
    const matrix = { source, outputs: outputs!, inputs: inputs! };
    const identity = new Float32Array(inputs! * inputs!);
    for (let k = 0; k < inputs!; k++) identity[k * inputs! + k] = 1;
    const columns = await multiply(backend, matrix, identity, inputs!);
    const weights = columns.map((_, i) => columns[(i % inputs!) * outputs! + div(i, inputs!)]!);
    comparison.within(`${name} as packed`, weights, Float32Array.from(golden), 0);
    const x = file.tensors.floats(`${name}.x`);
    const y = await multiply(backend, matrix, x, x.length / inputs!);
    comparison.close(`${name}.y`, y, file.tensors.floats(`${name}.y_weight_only`));
  }
}

type Quantised = Extract<MatrixSource, { readonly kind: "fp8" | "nvfp4" }>;

function div(a: number, b: number): number {
  return Math.floor(a / b);
}

async function readSource(index: TensorIndex, name: string): Promise<Quantised> {
  const entry = (suffix: string) => {
    const found = index.tensors.get(`${name}.${suffix}`);
    if (!found) throw new VireoError("invalid_checkpoint", `there is no ${name}.${suffix}`);
    return found;
  };
  const scalar = async (suffix: string): Promise<number> =>
    toFloat32(entry(suffix), await readTensor(entry(suffix)))[0]!;
  const data = await readTensor(entry("weight"));
  if (entry("weight").dtype === "F8_E4M3") {
    return { kind: "fp8", data, scale: await scalar("weight_scale") };
  }
  const blockScales = await readTensor(entry("weight_scale"));
  return { kind: "nvfp4", data, blockScales, scale: await scalar("weight_scale_2") };
}

/** In double, where the products are exact. */
function dequantise(source: Quantised): Float64Array {
  const { kind, data, scale } = source;
  if (kind === "fp8") return Float64Array.from(data, (code) => E4M3[code]! * scale);
  return Float64Array.from({ length: data.length * 2 }, (_, i) => {
    const code = i % 2 === 0 ? data[i / 2]! & 15 : data[(i - 1) / 2]! >>> 4;
    return E2M1[code]! * E4M3[source.blockScales[div(i, NVFP4_GROUP)]!]! * scale;
  });
}

/** x [rows, inputs] · Wᵀ */
async function multiply(
  backend: Backend,
  { source, outputs, inputs }: { source: Quantised; outputs: number; inputs: number },
  x: Float32Array,
  rows: number,
): Promise<Float32Array> {
  const region = backend.allocate(backend.matrixBytes(source.kind, outputs, inputs));
  try {
    const matrix = backend.matrix(region, 0, source.kind, outputs, inputs);
    await backend.pack(matrix, 0, outputs, source);
    const step = backend.begin();
    const [y] = await step.read(step.matmul(step.input(x, rows), matrix));
    return y!;
  } finally {
    backend.release(region);
  }
}
