// Looks up the tensors of a checkpoint by name and checks their shapes and dtypes.

import { defined } from "../core/defined.ts";
import type { StoredDtype } from "../core/dtype.ts";
import { VireoError } from "../core/errors.ts";
import type { TensorEntry, TensorIndex } from "../weights/safetensors.ts";
import { quoted } from "../weights/safetensors-header.ts";

interface LinearBase {
  /** Without `.weight`. */
  readonly name: string;
  /** Rows of the matrix: width of the output. */
  readonly outputs: number;
  /** Columns of the matrix: width of the input. */
  readonly inputs: number;
  /** [outputs], only in the vision tower. */
  readonly bias?: TensorEntry;
}

/** A matrix as the checkpoint stores it; bf16 stands for BF16, F16 and F32.  MODEL.md § Formats. */
export type LinearPlan = LinearBase &
  (
    | { readonly format: "bf16"; readonly weight: TensorEntry }
    | {
        readonly format: "fp8";
        readonly weight: TensorEntry;
        /** One F32 number for the whole matrix. */
        readonly scale: TensorEntry;
        readonly inputScale?: TensorEntry;
      }
    | {
        readonly format: "nvfp4";
        /** U8 [outputs, inputs / 2], even column in the low nibble. */
        readonly weight: TensorEntry;
        /** F8_E4M3 [outputs, inputs / 16]. */
        readonly blockScale: TensorEntry;
        /** One F32 number for the whole matrix. */
        readonly scale: TensorEntry;
        readonly inputScale?: TensorEntry;
      }
  );

export interface NormPlan {
  readonly weight: TensorEntry;
  readonly bias: TensorEntry;
}

const FLOATS: readonly StoredDtype[] = ["BF16", "F16", "F32"];
const NVFP4_BLOCK = 16;

/** Looks tensors up and remembers which were used. */
export interface Finder {
  readonly index: TensorIndex;
  readonly used: Set<string>;
  /** Where problems are collected instead of thrown. */
  readonly problems?: TensorProblem[];
}

/** A tensor that is not there, or not as the configuration demands. */
export interface TensorProblem {
  readonly name: string;
  readonly expected: string;
  /** Absent: the tensor is missing. */
  readonly found?: string;
}

/**
 * The format is read off the tensors themselves, not off the files that describe the
 * quantisation: those differ between exporters, the tensors do not.
 */
export function linear(find: Finder, name: string, outputs: number, inputs: number): LinearPlan {
  const stored = find.index.tensors.get(`${name}.weight`);
  const base = { name, outputs, inputs };
  if (stored?.dtype === "F8_E4M3") {
    const weight = tensor(find, `${name}.weight`, [outputs, inputs], ["F8_E4M3"]);
    const scale = scalar(find, `${name}.weight_scale`);
    return { ...base, format: "fp8", weight, scale, ...inputScale(find, name) };
  }
  if (stored?.dtype === "U8") {
    if (inputs % NVFP4_BLOCK !== 0) {
      throw bad(`tensor ${quoted(name)}: ${inputs} columns are no multiple of ${NVFP4_BLOCK}`);
    }
    const blocks = inputs / NVFP4_BLOCK;
    const weight = tensor(find, `${name}.weight`, [outputs, inputs / 2], ["U8"]);
    const blockScale = tensor(find, `${name}.weight_scale`, [outputs, blocks], ["F8_E4M3"]);
    const scale = scalar(find, `${name}.weight_scale_2`);
    return { ...base, format: "nvfp4", weight, blockScale, scale, ...inputScale(find, name) };
  }
  const weight = tensor(find, `${name}.weight`, [outputs, inputs]);
  return { ...base, format: "bf16", weight };
}

export function biased(find: Finder, name: string, outputs: number, inputs: number): LinearPlan {
  const bias = tensor(find, `${name}.bias`, [outputs]);
  return { ...linear(find, name, outputs, inputs), bias };
}

export function layerNorm(find: Finder, name: string, width: number): NormPlan {
  return {
    weight: tensor(find, `${name}.weight`, [width]),
    bias: tensor(find, `${name}.bias`, [width]),
  };
}

function inputScale(find: Finder, name: string): { readonly inputScale?: TensorEntry } {
  const key = `${name}.input_scale`;
  return find.index.tensors.has(key) ? { inputScale: scalar(find, key) } : {};
}

/** One F32 number, with or without a dimension of 1. */
function scalar(find: Finder, name: string): TensorEntry {
  const entry = find.index.tensors.get(name);
  return tensor(find, name, entry?.shape.length === 1 ? [1] : [], ["F32"]);
}

export function tensor(
  find: Finder,
  name: string,
  shape: readonly number[],
  dtypes: readonly StoredDtype[] = FLOATS,
): TensorEntry {
  const entry = find.index.tensors.get(name);
  const expected = `${dtypes.join("/")} [${shape.join(", ")}]`;
  if (entry !== undefined) find.used.add(name);
  const found = entry && `${entry.dtype} [${entry.shape.join(", ")}]`;
  const fits = entry?.shape.length === shape.length && entry.shape.every((n, i) => n === shape[i]);
  if (entry !== undefined && fits && dtypes.includes(entry.dtype)) return entry;
  if (find.problems !== undefined) {
    find.problems.push({ name, expected, ...defined({ found }) });
    return standIn(name, shape, dtypes[0] ?? "BF16");
  }
  if (entry === undefined) throw bad(`tensor ${quoted(name)} is missing; expected ${expected}`);
  throw bad(`${entry.file.name}: tensor ${quoted(name)} is ${found}; expected ${expected}`);
}

/** Has the shape of a tensor that is not there; it is never read. */
function standIn(name: string, shape: readonly number[], dtype: StoredDtype): TensorEntry {
  const file = { name: "", path: "", bytes: 0, dataOffset: 0 };
  return { name, dtype, shape, file, offsetBytes: 0, bytes: 0 };
}

function bad(message: string): VireoError {
  return new VireoError("invalid_checkpoint", message);
}
