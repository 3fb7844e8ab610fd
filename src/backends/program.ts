import type { Batch, KvCache, Table, Tensor } from "./backend.ts";
import { SPAN } from "./backend.ts";
import {
  OP_NAMES,
  OPS,
  type OperandKind,
  type OperandList,
  type Operands,
  type Operation,
  type OpName,
  type Scratch,
} from "./ops.ts";

/** Numbers for the kinds, so that a switch over them compiles to a jump, not a search. */
const KIND = {
  tensor: 0,
  "tensor?": 1,
  matrix: 2,
  table: 3,
  cache: 4,
  batch: 5,
  words: 6,
  scratch: 7,
  integer: 8,
  real: 9,
} as const satisfies Readonly<Record<OperandKind, number>>;
type Kind = (typeof KIND)[OperandKind];

interface Layout {
  readonly code: number;
  readonly names: readonly string[];
  readonly kinds: readonly Kind[];
}

const LAYOUTS = Object.fromEntries(
  OP_NAMES.map((op, code) => [op, layoutOf(op, code)]),
) as Readonly<Record<OpName, Layout>>;

function layoutOf(op: OpName, code: number): Layout {
  const operands = OPS[op].map((operand) => operand.split(": "));
  return {
    code,
    names: operands.map(([name]) => name!),
    kinds: operands.map(([, kind]) => KIND[kind as OperandKind]),
  };
}

/** An upper bound of the words of one op. */
const MAX_OP_WORDS = 128;

/**
 * A step as words: for each op [code, word count, operands …] in the layout of ops.ts, and the
 * data that operands point into. `reset` makes the memory reusable.
 */
export class Program {
  ops = new Int32Array(1 << 14);
  opWords = 0;
  data = new Int32Array(1 << 14);
  dataWords = 0;
  private readonly bits = new Float32Array(1);
  private readonly bitWords = new Int32Array(this.bits.buffer);
  private batch: Batch | undefined;
  private spansAt = 0;
  private pagesAt = 0;

  reset(): void {
    this.opWords = 0;
    this.dataWords = 0;
    this.batch = undefined;
  }

  /** Appends an op. Data is copied now. */
  record<Op extends OpName>(op: Op, ...operands: OperandList<Op>): void {
    const { code, kinds } = LAYOUTS[op];
    const start = this.opWords;
    if (start + MAX_OP_WORDS > this.ops.length) this.ops = grown(this.ops, start + MAX_OP_WORDS);
    const { ops } = this;
    ops[start] = code;
    let at = start + 2;
    for (let i = 0; i < kinds.length; i++) {
      // most operands are tensors; writing them inline saves a call each
      if (kinds[i] === KIND.tensor) {
        const x = operands[i] as Tensor;
        ops[at] = x.buffer;
        ops[at + 1] = x.offset;
        ops[at + 2] = x.rows;
        ops[at + 3] = x.cols;
        ops[at + 4] = x.stride;
        at += 5;
      } else {
        this.opWords = at;
        this.write(kinds[i]!, operands[i]);
        at = this.opWords;
      }
    }
    ops[start + 1] = at - start;
    this.opWords = at;
  }

  /** The recorded ops in order, with their operands by name, for backends in JavaScript. */
  *operations(): Generator<Operation> {
    for (let at = 0; at < this.opWords; at += this.ops[at + 1]!) {
      const op = OP_NAMES[this.ops[at]!]!;
      yield { op, operands: this.operandsAt(op, at + 2) } as Operation;
    }
  }

  /** The operands of every recorded op of that name. */
  operationsOf<Op extends OpName>(name: Op): Operands<Op>[] {
    const { code } = LAYOUTS[name];
    const found: Operands<Op>[] = [];
    for (let at = 0; at < this.opWords; at += this.ops[at + 1]!) {
      if (this.ops[at] === code) found.push(this.operandsAt(name, at + 2));
    }
    return found;
  }

  private operandsAt<Op extends OpName>(op: Op, at: number): Operands<Op> {
    const { names, kinds } = LAYOUTS[op];
    const reader = new OperandReader(this.ops, this.data, at);
    const operands = kinds.map((kind, i) => [names[i]!, reader.read(kind)]);
    return Object.fromEntries(operands) as Operands<Op>;
  }

  private write(kind: Kind, operand: unknown): void {
    switch (kind) {
      case KIND.tensor:
        this.tensor(operand as Tensor);
        break;
      case KIND["tensor?"]:
        this.integer(operand === undefined ? 0 : 1);
        if (operand !== undefined) this.tensor(operand as Tensor);
        break;
      case KIND.integer:
      case KIND.matrix:
        this.integer(operand as number);
        break;
      case KIND.real:
        this.real(operand as number);
        break;
      case KIND.words:
        this.words(operand as Int32Array);
        break;
      case KIND.scratch:
        this.pair((operand as Scratch).buffer, (operand as Scratch).offset);
        break;
      case KIND.batch:
        this.spans(operand as Batch);
        break;
      case KIND.cache:
        this.cache(operand as KvCache);
        break;
      case KIND.table:
        this.table(operand as Omit<Table, "cols">);
        break;
    }
  }

  private integer(value: number): void {
    this.ops[this.opWords++] = value;
  }

  private pair(first: number, second: number): void {
    this.integer(first);
    this.integer(second);
  }

  private real(value: number): void {
    this.bits[0] = value;
    this.ops[this.opWords++] = this.bitWords[0]!;
  }

  private tensor(x: Tensor): void {
    const { ops, opWords } = this;
    ops[opWords] = x.buffer;
    ops[opWords + 1] = x.offset;
    ops[opWords + 2] = x.rows;
    ops[opWords + 3] = x.cols;
    ops[opWords + 4] = x.stride;
    this.opWords = opWords + 5;
  }

  private table({ buffer, offset, rows }: Omit<Table, "cols">): void {
    this.pair(buffer, offset / 64);
    this.integer(rows);
  }

  private cache({ pages, kvHeads, headDim, dtype, keys, values }: KvCache): void {
    this.pair(pages, kvHeads);
    this.pair(headDim, dtype === "f32" ? 1 : 0);
    this.pair(keys, values);
  }

  private words(values: Int32Array): void {
    this.pair(values.length, this.put(values));
  }

  /** Ops in a row mostly share one batch, whose data is copied once. */
  private spans(batch: Batch): void {
    if (this.batch !== batch) {
      this.batch = batch;
      this.spansAt = this.put(batch.spans);
      this.pagesAt = this.put(batch.pages);
    }
    this.pair(batch.spans.length / SPAN.words, this.spansAt);
    this.pair(batch.pages.length, this.pagesAt);
  }

  private put(values: Int32Array): number {
    const at = this.dataWords;
    if (at + values.length > this.data.length) this.data = grown(this.data, at + values.length);
    this.data.set(values, at);
    this.dataWords = at + values.length;
    return at;
  }
}

/** Reads operands back from the words of one op. */
class OperandReader {
  private readonly ops: Int32Array;
  private readonly data: Int32Array;
  private at: number;

  constructor(ops: Int32Array, data: Int32Array, at: number) {
    this.ops = ops;
    this.data = data;
    this.at = at;
  }

  read(kind: Kind): unknown {
    switch (kind) {
      case KIND.tensor:
        return this.tensor();
      case KIND["tensor?"]:
        return this.next() === 1 ? this.tensor() : undefined;
      case KIND.integer:
      case KIND.matrix:
        return this.next();
      case KIND.real:
        return new Float32Array(Int32Array.of(this.next()).buffer)[0];
      case KIND.words:
        return this.words(1);
      case KIND.scratch:
        return { buffer: this.next(), offset: this.next() };
      case KIND.batch:
        return this.batch();
      case KIND.cache:
        return this.cache();
      case KIND.table:
        return { buffer: this.next(), offset: this.next() * 64, rows: this.next() };
    }
  }

  private next(): number {
    return this.ops[this.at++]!;
  }

  private tensor(): Tensor {
    const [buffer, offset] = [this.next(), this.next()];
    return { buffer, offset, rows: this.next(), cols: this.next(), stride: this.next() };
  }

  private words(size: number): Int32Array {
    const [count, at] = [this.next(), this.next()];
    return this.data.subarray(at, at + count * size);
  }

  private batch(): Batch {
    const spans = this.words(SPAN.words);
    const last = spans.length - SPAN.words;
    const rows = last < 0 ? 0 : spans[last + SPAN.row]! + spans[last + SPAN.rows]!;
    return { rows, spans, pages: this.words(1) };
  }

  private cache(): KvCache {
    const [pages, kvHeads, headDim, float32] = [this.next(), this.next(), this.next(), this.next()];
    const dtype = float32 === 1 ? "f32" : "bf16";
    return { pages, kvHeads, headDim, dtype, keys: this.next(), values: this.next() };
  }
}

function grown(old: Int32Array, minWords: number): Int32Array<ArrayBuffer> {
  const fresh = new Int32Array(Math.max(old.length * 2, minWords));
  fresh.set(old);
  return fresh;
}
