import type { Batch, KvCache, Table, Tensor } from "./backend.ts";

/**
 * Every op of a recorded step: its operands, in the order of their words. An op's code is its
 * position in this table; native/program.cpp lists the same names in the same order, which
 * tests/ops/table.test.ts checks. Shape rules stand in recorder.ts.
 */
export const OPS = {
  matmul: [
    "x: tensor",
    "y: tensor",
    "weights: matrix",
    "bias: tensor?",
    "activation: integer",
    "accumulate: integer",
    "exact: integer",
    "scratch: scratch",
  ],
  rmsNorm: ["x: tensor", "y: tensor", "weight: tensor", "eps: real"],
  layerNorm: ["x: tensor", "y: tensor", "weight: tensor", "bias: tensor", "eps: real"],
  gatedNorm: [
    "x: tensor",
    "y: tensor",
    "gate: tensor",
    "weight: tensor",
    "groups: integer",
    "eps: real",
  ],
  conv1d: [
    "x: tensor",
    "y: tensor",
    "weight: tensor",
    "bias: tensor",
    "state: tensor",
    "batch: batch",
  ],
  ssmScan: [
    "u: tensor",
    "b: tensor",
    "c: tensor",
    "dt: tensor",
    "y: tensor",
    "a: tensor",
    "d: tensor",
    "dtBias: tensor",
    "ssm: tensor",
    "tail: tensor",
    "heads: integer",
    "groups: integer",
    "n: integer",
    "scratch: scratch",
    "batch: batch",
  ],
  attention: [
    "q: tensor",
    "k: tensor",
    "v: tensor",
    "y: tensor",
    "cache: cache",
    "scale: real",
    "bidirectional: integer",
    "batch: batch",
  ],
  rope: ["x: tensor", "y: tensor", "angles: tensor", "positions: words"],
  swiglu: ["gate: tensor", "up: tensor", "y: tensor"],
  meanRows: ["x: tensor", "y: tensor", "batch: batch"],
  tileAttention: [
    "qkv: tensor",
    "y: tensor",
    "tokens: integer",
    "heads: integer",
    "exact: integer",
    "scale: real",
    "scratch: scratch",
  ],
  embed: ["y: tensor", "table: table", "ids: words"],
  gatherRows: ["x: tensor", "y: tensor", "index: words"],
  scatterRows: ["x: tensor", "y: tensor", "index: words"],
  patchify: ["x: tensor", "y: tensor", "sidePx: integer", "patchPx: integer"],
  tileTokens: ["patches: tensor", "prefix: tensor", "position: tensor", "y: tensor"],
  pixelShuffle: ["x: tensor", "y: tensor", "prefix: integer", "grid: integer"],
  sample: ["logits: tensor", "y: tensor", "rows: words"],
  add: ["x: tensor", "y: tensor"],
  cosineDistance: ["x: tensor", "y: tensor", "distances: tensor"],
} as const satisfies Readonly<Record<string, readonly `${string}: ${OperandKind}`[]>>;

export type OperandKind =
  /** Five words: buffer, offset in floats, rows, columns, stride. */
  | "tensor"
  /** One word, 0 or 1, then the tensor if it is 1. */
  | "tensor?"
  /** The number of a packed matrix. */
  | "matrix"
  /** Buffer, offset in units of 64 bytes, rows. */
  | "table"
  /** Pages, KV heads, head width, 1 for float32, buffer of the keys, buffer of the values. */
  | "cache"
  /** Number of spans and where they are in the data; number of page words and where they are. */
  | "batch"
  /** A count and a place in the data. */
  | "words"
  /** A buffer and an offset in floats: memory for this op alone. */
  | "scratch"
  | "integer"
  | "real";

export type OpName = keyof typeof OPS;
export const OP_NAMES = Object.keys(OPS) as readonly OpName[];

/** An operand as it is recorded. */
interface Recorded {
  readonly tensor: Tensor;
  readonly "tensor?": Tensor | undefined;
  readonly matrix: number;
  readonly table: Omit<Table, "cols">;
  readonly cache: KvCache;
  readonly batch: Batch;
  readonly words: Int32Array;
  readonly scratch: Scratch;
  readonly integer: number;
  readonly real: number;
}

/** Memory that an op may use while it runs. */
export interface Scratch {
  readonly buffer: number;
  /** In floats. */
  readonly offset: number;
}

type KindOf<Operand extends string> = Operand extends `${string}: ${infer Kind}`
  ? Kind extends OperandKind
    ? Kind
    : never
  : never;
type NameOf<Operand extends string> = Operand extends `${infer Name}: ${string}` ? Name : never;

/** The operands of an op as arguments, in the table's order. */
export type OperandList<Op extends OpName> = RecordedList<(typeof OPS)[Op]>;
type RecordedList<Operands extends readonly string[]> = {
  readonly [At in keyof Operands]: Recorded[KindOf<Operands[At]>];
};

/** The operands of an op by name. */
export type Operands<Op extends OpName> = {
  readonly [Operand in (typeof OPS)[Op][number] as NameOf<Operand>]: Recorded[KindOf<Operand>];
};

/** One recorded op: `op` names it, `operands` are its own. */
export type Operation = {
  [Op in OpName]: { readonly op: Op; readonly operands: Operands<Op> };
}[OpName];

/** Codes of `activation` in a matmul. */
export const ACTIVATIONS = { none: 0, relu2: 1, gelu: 2, geluTanh: 3 } as const;
