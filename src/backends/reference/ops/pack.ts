import type { WeightFormat } from "../../../core/dtype.ts";
import { bf16ToF32, E2M1, E4M3, f16ToF32, f32ToBf16 } from "../../../core/dtype.ts";
import type { MatrixSource } from "../../backend.ts";
import { BLOCK_COLS, maxAbs, nearest, roundBlockToInt8 } from "./round.ts";

const GROUP_COLS = 32;
const NVFP4_RUN_COLS = 16;

/**
 * Rows of a checkpoint tensor as the plain numbers that `format` makes of them, into `to`.
 * Returns how many values are damaged; see `pack` in backend.ts.
 */
export function packRows(
  source: MatrixSource,
  format: WeightFormat,
  cols: number,
  to: Float32Array,
): number {
  for (let i = 0; i < to.length; i++) to[i] = numberAt(source, i);
  const damaged = countDamaged(source, to);
  for (let from = 0; from < to.length; from += cols) {
    roundRow(to.subarray(from, from + cols), format);
  }
  return damaged;
}

/** Rows of an embedding as bf16. Returns as `packRows`. */
export function packTable(source: MatrixSource, to: Uint16Array): number {
  const values = Float32Array.from(to, (_, i) => numberAt(source, i));
  values.forEach((value, i) => {
    to[i] = f32ToBf16(value);
  });
  return countDamaged(source, values);
}

function countDamaged(source: MatrixSource, values: Float32Array): number {
  const isNotFinite = (value: number) => !Number.isFinite(value);
  if (source.kind !== "fp8" && source.kind !== "nvfp4") return values.filter(isNotFinite).length;
  const ofMatrix = isNotFinite(source.scale) ? 1 : 0;
  if (source.kind === "fp8") return ofMatrix + source.data.filter(isNan).length;
  return ofMatrix + source.blockScales.filter((code) => isNan(code) || code > 127).length;
}

function isNan(e4m3: number): boolean {
  return Number.isNaN(E4M3[e4m3]);
}

export function canPack(source: MatrixSource["kind"], format: WeightFormat): boolean {
  if (source === "fp8" || source === "nvfp4") return source === format;
  return format === "bf16" || format === "int8" || format === "int4";
}

const SOURCE_BITS = Object.freeze({ f32: 32, f16: 16, bf16: 16, fp8: 8, nvfp4: 4 });

/** How many numbers a source holds. */
export function valuesOf({ kind, data }: MatrixSource): number {
  return (data.length * 8) / SOURCE_BITS[kind];
}

function numberAt(source: MatrixSource, i: number): number {
  const { data } = source;
  const bytes = new DataView(data.buffer, data.byteOffset, data.byteLength);
  switch (source.kind) {
    case "f32":
      return bytes.getFloat32(i * 4, true);
    case "f16":
      return f16ToF32(bytes.getUint16(i * 2, true));
    case "bf16":
      return bf16ToF32(bytes.getUint16(i * 2, true));
    case "fp8":
      return E4M3[data[i]!]! * source.scale;
    case "nvfp4": {
      const byte = data[i >> 1]!;
      const code = i % 2 === 0 ? byte & 15 : byte >> 4;
      return (
        E2M1[code]! * E4M3[source.blockScales[Math.floor(i / NVFP4_RUN_COLS)]!]! * source.scale
      );
    }
  }
}

function roundRow(row: Float32Array, format: WeightFormat): void {
  if (format === "bf16") {
    for (let i = 0; i < row.length; i++) row[i] = bf16ToF32(f32ToBf16(row[i]!));
  }
  for (let from = 0; from < row.length; from += BLOCK_COLS) {
    const block = row.subarray(from, from + BLOCK_COLS);
    if (format === "int8") roundBlockToInt8(block);
    if (format === "int4") roundBlockToInt4(block);
  }
}

/**
 * int4 as native/pack.cpp makes it, every operation rounded to float32. The block's scale makes 16
 * the multiplier of its widest group; each group then takes the multiplier with the least squared
 * error among those near its own extent. weight = q · multiplier · scale, q from −8 to 7.
 */
function roundBlockToInt4(block: Float32Array): void {
  const scale = Math.fround(maxAbs(block) / (16 * 7.25));
  if (scale === 0) {
    block.fill(0);
    return;
  }
  for (let from = 0; from < block.length; from += GROUP_COLS) {
    const group = block.subarray(from, from + GROUP_COLS);
    const multiplier = bestMultiplier(group, scale);
    const inverse = Math.fround(1 / Math.fround(scale * multiplier));
    for (let i = 0; i < group.length; i++) {
      group[i] = nearest(Math.fround(group[i]! * inverse), -8, 7) * multiplier * scale;
    }
  }
}

function bestMultiplier(group: Float32Array, scale: number): number {
  const extent = Math.fround(maxAbs(group) / Math.fround(7 * scale));
  const top = nearest(Math.ceil(extent), 1, 16);
  let best = 1;
  let minError = Number.POSITIVE_INFINITY;
  for (let multiplier = Math.max(1, top - 4); multiplier <= top; multiplier++) {
    const error = squaredError(group, Math.fround(scale * multiplier));
    if (error >= minError) continue;
    minError = error;
    best = multiplier;
  }
  return best;
}

function squaredError(group: Float32Array, step: number): number {
  const inverse = Math.fround(1 / step);
  let error = 0;
  for (const weight of group) {
    const q = nearest(Math.fround(weight * inverse), -8, 7);
    const difference = Math.fround(weight - Math.fround(q * step));
    error = Math.fround(error + Math.fround(difference * difference));
  }
  return error;
}
