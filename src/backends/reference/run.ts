import type { WeightFormat } from "../../core/dtype.ts";
import { PAGE_ROWS, type Tensor } from "../backend.ts";
import { ACTIVATIONS, type Operands, type Operation, type OpName } from "../ops.ts";
import { decodeSampleRows } from "../sample-rows.ts";
import type { Memory } from "./memory.ts";
import { attention } from "./ops/attention.ts";
import { conv1d } from "./ops/conv1d.ts";
import { cosineDistance } from "./ops/cosine-distance.ts";
import { embed } from "./ops/embed.ts";
import { matmul } from "./ops/matmul.ts";
import { meanRows } from "./ops/mean-rows.ts";
import { gatedNorm, layerNorm, rmsNorm } from "./ops/norm.ts";
import { patchify } from "./ops/patchify.ts";
import { pixelShuffle } from "./ops/pixel-shuffle.ts";
import { rope } from "./ops/rope.ts";
import { add, gatherRows, scatterRows } from "./ops/rows.ts";
import { sample } from "./ops/sample.ts";
import { ssmScan } from "./ops/ssm-scan.ts";
import { swiglu } from "./ops/swiglu.ts";
import { tileAttention } from "./ops/tile-attention.ts";
import { tileTokens } from "./ops/tile-tokens.ts";
import type { View } from "./ops/view.ts";

export interface PackedMatrix {
  readonly format: WeightFormat;
  /** The numbers after quantisation, [outputs, inputs]. */
  readonly weights: Float32Array;
}

/** The memory and the matrices that ops work on. */
export interface Machine {
  readonly memory: Memory;
  matrixOf(id: number): PackedMatrix;
}

/** Operands whose tensors are views of memory, by the names of ops.ts. */
type Viewed<Op extends OpName> = {
  readonly [Name in keyof Operands<Op>]: Operands<Op>[Name] extends Tensor
    ? View
    : Operands<Op>[Name] extends Tensor | undefined
      ? View | undefined
      : Operands<Op>[Name];
};

type Kernels = { readonly [Op in OpName]: (x: Viewed<Op>, machine: Machine) => void };

const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as readonly (keyof typeof ACTIVATIONS)[];

/** Each op by its function in ops/. */
const KERNELS: Kernels = {
  matmul({ x, y, weights: id, bias, activation, accumulate, exact }, machine) {
    const { format, weights } = machine.matrixOf(id);
    const name = ACTIVATION_NAMES[activation];
    matmul({
      x,
      weights,
      format,
      exactActivations: exact === 1,
      bias: bias?.data,
      activation: name === "none" ? undefined : name,
      accumulate: accumulate === 1,
      y,
    });
  },
  rmsNorm: ({ x, weight, eps, y }) => rmsNorm(x, weight, eps, y),
  layerNorm: ({ x, weight, bias, eps, y }) => layerNorm(x, weight, bias, eps, y),
  gatedNorm,
  conv1d,
  ssmScan,
  attention({ cache, bidirectional, ...operands }, { memory }) {
    const { dtype, pages, kvHeads, headDim: dim } = cache;
    const count = pages * kvHeads * dim * PAGE_ROWS;
    const cached = (id: number) =>
      dtype === "f32" ? memory.floats(id, 0, count) : memory.halves(id, 0, count);
    const [keys, values] = [cached(cache.keys), cached(cache.values)];
    attention({ ...operands, bidirectional: bidirectional === 1, keys, values, kvHeads, dim });
  },
  rope,
  swiglu,
  meanRows,
  tileAttention,
  embed({ y, table: { buffer, offset, rows }, ids }, { memory }) {
    embed(ids, memory.halves(buffer, offset, rows * y.cols), y);
  },
  gatherRows: ({ x, y, index }) => gatherRows(x, index, y),
  scatterRows: ({ x, y, index }) => scatterRows(x, index, y),
  patchify: ({ x, y, sidePx, patchPx }) => patchify(x, sidePx, patchPx, y),
  tileTokens: ({ patches, prefix, position, y }) => tileTokens(patches, prefix, position, y),
  pixelShuffle: ({ x, y, prefix, grid }) => pixelShuffle(x, prefix, grid, y),
  sample: ({ logits, y, rows }) => sample(logits, decodeSampleRows(rows, logits.rows), y),
  add: ({ x, y }) => add(y, x),
  cosineDistance: ({ x, y, distances }) => cosineDistance(x, y, distances),
};

export function runOperation({ op, operands }: Operation, machine: Machine): void {
  const entries = Object.entries(operands).map(([name, operand]) => {
    return [name, isTensor(operand) ? machine.memory.view(operand) : operand];
  });
  const kernel = KERNELS[op] as (x: unknown, machine: Machine) => void;
  kernel(Object.fromEntries(entries), machine);
}

function isTensor(operand: unknown): operand is Tensor {
  return typeof operand === "object" && operand !== null && "stride" in operand;
}
