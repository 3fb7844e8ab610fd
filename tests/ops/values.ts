import { generator } from "../../scripts/tiny/random.mjs";
import type { Backend, Matrix, MatrixSource, Tensor } from "../../src/backends/backend.ts";
import { columns, tensorAt } from "../../src/backends/backend.ts";
import type { WeightFormat } from "../../src/core/dtype.ts";

export { generator };

/** Seeded numbers in [−scale, scale). */
export function randomValues(count: number, seed: number, scale = 1): Float32Array {
  const random = generator(seed * 0x9e3779b9);
  return Float32Array.from({ length: count }, () => scale * (2 * random() - 1));
}

export function bytesOf(values: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Values in long-lived memory. */
export function tensorOf(backend: Backend, values: Float32Array, rows: number): Tensor {
  const region = backend.allocate(values.byteLength);
  backend.write(region, 0, bytesOf(values));
  return tensorAt(region, 0, rows, values.length / rows);
}

/** The same, as columns of a wider matrix whose other numbers are NaN. */
export function stridedOf(backend: Backend, values: Float32Array, rows: number): Tensor {
  const before = 3;
  const after = 5;
  const cols = values.length / rows;
  const wide = new Float32Array(rows * (before + cols + after)).fill(Number.NaN);
  for (let r = 0; r < rows; r++) {
    wide.set(values.subarray(r * cols, (r + 1) * cols), r * (before + cols + after) + before);
  }
  return columns(tensorOf(backend, wide, rows), before, cols);
}

/** Zeros in long-lived memory. */
export function zeros(backend: Backend, rows: number, cols: number): Tensor {
  return tensorAt(backend.allocate(rows * cols * 4), 0, rows, cols);
}

/** A seeded source of a matrix; its products with inputs of about 1 are about 1. */
export function matrixSource(
  format: WeightFormat,
  outputs: number,
  inputs: number,
  seed: number,
): MatrixSource {
  const count = outputs * inputs;
  const scale = 2 / Math.sqrt(inputs);
  if (format === "fp8") {
    const data = Uint8Array.from(randomValues(count, seed), (value) => {
      const code = Math.floor((value + 1) * 128);
      return (code & 0x7f) === 0x7f ? 0 : code;
    });
    return { kind: "fp8", data, scale: scale / 448 };
  }
  if (format === "nvfp4") {
    const bytes = Uint8Array.from(randomValues(count / 2, seed), (v) => Math.floor((v + 1) * 128));
    const scales = randomValues(count / 16, seed + 1);
    // codes 48 to 71 are scales from 0.5 to 3.75
    const blockScales = Uint8Array.from(scales, (v) => 48 + Math.floor((v + 1) * 12));
    return { kind: "nvfp4", data: bytes, blockScales, scale: scale / 16 };
  }
  return { kind: "f32", data: bytesOf(randomValues(count, seed, scale)) };
}

export async function matrixOf(
  backend: Backend,
  format: WeightFormat,
  outputs: number,
  inputs: number,
  source: MatrixSource,
): Promise<Matrix> {
  const region = backend.allocate(backend.matrixBytes(format, outputs, inputs));
  const matrix = backend.matrix(region, 0, format, outputs, inputs);
  await backend.pack(matrix, 0, outputs, source);
  return matrix;
}
