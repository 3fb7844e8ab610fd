import { assert } from "../../core/assert.ts";
import type {
  Batch,
  KvCache,
  MambaState,
  MatmulOptions,
  Matrix,
  SampleRow,
  ScanWeights,
  Step,
  Table,
  Tensor,
} from "../backend.ts";
import { PAGE_ROWS, pad16, SAMPLE_COLUMNS, SCAN_CHUNK, scanTailWidth } from "../backend.ts";
import type { Memory } from "./memory.ts";
import { attention } from "./ops/attention.ts";
import { conv1d } from "./ops/conv1d.ts";
import { cosineDistance } from "./ops/cosine-distance.ts";
import { embed } from "./ops/embed.ts";
import { matmul } from "./ops/matmul.ts";
import { gatedNorm, layerNorm, rmsNorm } from "./ops/norm.ts";
import { patchify } from "./ops/patchify.ts";
import { pixelShuffle } from "./ops/pixel-shuffle.ts";
import { add, gatherRows, scatterRows } from "./ops/rows.ts";
import { sample } from "./ops/sample.ts";
import { spansOf } from "./ops/spans.ts";
import { ssmScan } from "./ops/ssm-scan.ts";
import { tileAttention } from "./ops/tile-attention.ts";
import { tileTokens } from "./ops/tile-tokens.ts";
import type { View } from "./ops/view.ts";

/** One view for every tensor of a list. */
type Views<T extends readonly Tensor[]> = { readonly [Index in keyof T]: View };

/** What a step needs of its backend. */
export interface StepHost {
  readonly memory: Memory;
  readonly exactActivations: boolean;
  weights(matrix: Matrix): Float32Array;
}

/** Ops as closures in a list. Each temporary has a buffer of its own, dropped with its scope. */
export class ReferenceStep implements Step {
  readonly #host: StepHost;
  readonly #memory: Memory;
  readonly #ops: (() => void)[] = [];
  #temporaries: number[] = [];

  constructor(host: StepHost) {
    this.#host = host;
    this.#memory = host.memory;
  }

  scope(body: () => void): void {
    const outer = this.#temporaries;
    const inner: number[] = [];
    this.#temporaries = inner;
    body();
    this.#temporaries = outer;
    this.#ops.push(() => this.#drop(inner));
  }

  input(values: Float32Array, rows: number): Tensor {
    assert(values.length % rows === 0, "input: whole rows");
    const made = this.empty(rows, values.length / rows);
    this.#memory.view(made).data.set(values);
    return made;
  }

  empty(rows: number, cols: number): Tensor {
    const made = this.#memory.tensor(rows, cols);
    this.#temporaries.push(made.buffer);
    return made;
  }

  embed(ids: Int32Array, table: Table): Tensor {
    const kept = ids.slice();
    assert(
      kept.every((id) => id >= 0 && id < table.rows),
      "embed: no such token",
    );
    const y = this.empty(ids.length, table.cols);
    this.#ops.push(() => {
      const { buffer, offset, rows, cols } = table;
      embed(kept, this.#memory.halves(buffer, offset, rows * cols), this.#memory.view(y));
    });
    return y;
  }

  gatherRows(x: Tensor, index: Int32Array): Tensor {
    const kept = this.#rowsOf(x, index);
    const y = this.empty(index.length, x.cols);
    this.#record([x, y], (from, to) => gatherRows(from, kept, to));
    return y;
  }

  scatterRows(x: Tensor, index: Int32Array, rows: Tensor): void {
    const kept = this.#rowsOf(x, index);
    assert(rows.rows === index.length && rows.cols === x.cols, "scatterRows: shapes");
    this.#record([x, rows], (to, from) => scatterRows(to, kept, from));
  }

  add(into: Tensor, x: Tensor): void {
    assertSameShape(into, x, "add");
    this.#record([into, x], add);
  }

  cosineDistance(x: Tensor, y: Tensor): Tensor {
    assertSameShape(x, y, "cosineDistance");
    const distances = this.empty(x.rows, 1);
    this.#record([x, y, distances], cosineDistance);
    return distances;
  }

  rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
    assert(isVector(weight, x.cols), "rmsNorm: weight");
    const y = this.empty(x.rows, x.cols);
    this.#record([x, weight, y], (from, w, to) => rmsNorm(from, w, eps, to));
    return y;
  }

  layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
    assert(isVector(weight, x.cols) && isVector(bias, x.cols), "layerNorm: weight or bias");
    const y = this.empty(x.rows, x.cols);
    this.#record([x, weight, bias, y], (from, w, b, to) => layerNorm(from, w, b, eps, to));
    return y;
  }

  gatedNorm(x: Tensor, gate: Tensor, weight: Tensor, groups: number, eps: number): Tensor {
    assertSameShape(x, gate, "gatedNorm");
    assert(isVector(weight, x.cols) && x.cols % groups === 0, "gatedNorm: weight or groups");
    const y = this.empty(x.rows, x.cols);
    this.#record([x, gate, weight, y], (from, by, w, to) =>
      gatedNorm({ x: from, gate: by, weight: w, groups, eps, y: to }),
    );
    return y;
  }

  matmul(x: Tensor, w: Matrix, options: MatmulOptions = {}): Tensor {
    const y = this.empty(x.rows, w.outputs);
    this.#matmul(x, w, options, y, false);
    return y;
  }

  matmulAdd(into: Tensor, x: Tensor, w: Matrix, options: { readonly bias?: Tensor } = {}): void {
    this.#matmul(x, w, options, into, true);
  }

  #matmul(x: Tensor, w: Matrix, options: MatmulOptions, y: Tensor, accumulate: boolean): void {
    const { bias, activation } = options;
    assert(x.cols === w.inputs, `matmul: ${x.cols} columns meet ${w.inputs} inputs`);
    assert(y.cols === w.outputs && y.rows === x.rows, "matmul: shape of the result");
    assert(bias === undefined || isVector(bias, w.outputs), "matmul: bias");
    this.#record([x, y], (from, to) =>
      matmul({
        x: from,
        weights: this.#host.weights(w),
        format: w.format,
        exactActivations: this.#host.exactActivations,
        bias: bias && this.#memory.view(bias).data,
        activation,
        accumulate,
        y: to,
      }),
    );
  }

  conv1d(x: Tensor, weight: Tensor, bias: Tensor, batch: Batch, state: MambaState): Tensor {
    assert(weight.cols === x.cols && isVector(bias, x.cols), "conv1d: weight or bias");
    assert(state.conv.cols === (weight.rows - 1) * x.cols, "conv1d: state");
    const y = this.empty(x.rows, x.cols);
    const kept = copyOf(batch, x, state.conv.rows);
    this.#record([x, weight, bias, state.conv, y], (from, w, b, window, to) =>
      conv1d({ x: from, weight: w, bias: b, state: window, batch: kept, y: to }),
    );
    return y;
  }

  ssmScan(
    x: { readonly u: Tensor; readonly b: Tensor; readonly c: Tensor; readonly dt: Tensor },
    w: ScanWeights,
    batch: Batch,
    state: MambaState,
  ): Tensor {
    const { heads, groups, state: n } = w;
    const width = x.u.cols / heads;
    assert(x.b.cols === groups * n && x.c.cols === groups * n, "ssmScan: B or C");
    assert(x.dt.cols === heads && [w.a, w.d, w.dtBias].every((v) => isVector(v, heads)), "ssmScan");
    assert(state.ssm.cols === heads * n * pad16(width), "ssmScan: ssm");
    assert(
      state.tail.cols === SCAN_CHUNK * scanTailWidth(heads, width, groups, n),
      "ssmScan: tail",
    );
    const y = this.empty(x.u.rows, x.u.cols);
    const kept = copyOf(batch, x.u, state.ssm.rows);
    const view = (tensor: Tensor) => this.#memory.view(tensor);
    this.#ops.push(() => {
      const inputs = { u: view(x.u), b: view(x.b), c: view(x.c), dt: view(x.dt) };
      const weights = { a: view(w.a), d: view(w.d), dtBias: view(w.dtBias), heads, groups, n };
      const memory = { ssm: view(state.ssm), tail: view(state.tail) };
      ssmScan({ ...inputs, ...weights, ...memory, batch: kept, y: view(y) });
    });
    return y;
  }

  attention(
    x: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
    cache: KvCache,
    batch: Batch,
    scale: number,
  ): Tensor {
    const { kvHeads, headDim: dim, pages, dtype } = cache;
    assertSameShape(x.k, x.v, "attention");
    assert(x.k.cols === kvHeads * dim && x.q.cols % x.k.cols === 0, "attention: heads");
    const y = this.empty(x.q.rows, x.q.cols);
    const kept = copyOf(batch, x.q);
    assert(
      kept.pages.every((page) => page >= 0 && page < pages),
      "attention: no such page",
    );
    const count = pages * kvHeads * dim * PAGE_ROWS;
    const memory = this.#memory;
    this.#record([x.q, x.k, x.v, y], (q, k, v, to) => {
      const cached = (id: number) =>
        dtype === "f32" ? memory.floats(id, 0, count) : memory.halves(id, 0, count);
      const keys = cached(cache.keys);
      const values = cached(cache.values);
      attention({ q, k, v, keys, values, kvHeads, dim, scale, batch: kept, y: to });
    });
    return y;
  }

  patchify(pixels: Tensor, sidePx: number, patchPx: number): Tensor {
    assert(sidePx % patchPx === 0 && pixels.cols === 3 * sidePx ** 2, "patchify: sizes");
    const y = this.empty(pixels.rows * (sidePx / patchPx) ** 2, 3 * patchPx ** 2);
    this.#record([pixels, y], (from, to) => patchify(from, sidePx, patchPx, to));
    return y;
  }

  tileTokens(patches: Tensor, prefix: Tensor, position: Tensor, into: Tensor): void {
    const tiles = patches.rows / position.rows;
    assert(Number.isInteger(tiles), "tileTokens: whole tiles");
    assert(into.rows === tiles * (prefix.rows + position.rows), "tileTokens: rows");
    assert(
      [patches, prefix, position].every(({ cols }) => cols === into.cols),
      "tileTokens: widths",
    );
    this.#record([patches, prefix, position, into], tileTokens);
  }

  tileAttention(qkv: Tensor, tokens: number, heads: number, scale: number): Tensor {
    assert(qkv.rows % tokens === 0 && qkv.cols % (3 * heads) === 0, "tileAttention: sizes");
    const y = this.empty(qkv.rows, qkv.cols / 3);
    this.#record([qkv, y], (from, to) => tileAttention({ qkv: from, tokens, heads, scale, y: to }));
    return y;
  }

  pixelShuffle(x: Tensor, prefix: number, grid: number): Tensor {
    const tiles = x.rows / (prefix + grid * grid);
    assert(Number.isInteger(tiles) && grid % 2 === 0, "pixelShuffle: sizes");
    const y = this.empty((tiles * grid * grid) / 4, 4 * x.cols);
    this.#record([x, y], (from, to) => pixelShuffle(from, prefix, grid, to));
    return y;
  }

  sample(logits: Tensor, rows: readonly SampleRow[]): Tensor {
    assert(rows.length === logits.rows, "sample: one SampleRow per row");
    const kept = rows.map((how) => ({ ...how, history: how.history.slice(), bias: [...how.bias] }));
    const y = this.empty(logits.rows, SAMPLE_COLUMNS);
    this.#record([logits, y], (from, to) => sample(from, kept, to));
    return y;
  }

  async read(...tensors: Tensor[]): Promise<Float32Array[]> {
    for (const op of this.#ops) op();
    const copies = tensors.map((tensor) => this.#memory.copy(tensor));
    this.#drop(this.#temporaries);
    this.#ops.length = 0;
    return copies;
  }

  #record<const T extends readonly Tensor[]>(tensors: T, op: (...views: Views<T>) => void): void {
    const views = () => tensors.map((tensor) => this.#memory.view(tensor)) as unknown as Views<T>;
    this.#ops.push(() => op(...views()));
  }

  #rowsOf(x: Tensor, index: Int32Array): Int32Array {
    assert(
      index.every((row) => row >= 0 && row < x.rows),
      "there is no such row",
    );
    return index.slice();
  }

  #drop(buffers: readonly number[]): void {
    for (const buffer of buffers) this.#memory.release(buffer);
  }
}

function isVector(tensor: Tensor, cols: number): boolean {
  return tensor.rows === 1 && tensor.cols === cols;
}

function assertSameShape(a: Tensor, b: Tensor, op: string): void {
  assert(a.rows === b.rows && a.cols === b.cols, `${op}: shapes differ`);
}

function copyOf(batch: Batch, x: Tensor, slots = Number.POSITIVE_INFINITY): Batch {
  assert(batch.rows === x.rows, "a batch has as many rows as its tensors");
  const kept = { rows: batch.rows, spans: batch.spans.slice(), pages: batch.pages.slice() };
  for (const { row, rows, slot } of spansOf(kept)) {
    assert(row >= 0 && rows >= 0 && row + rows <= x.rows, "a span is out of range");
    assert(slot >= 0 && slot < slots, "there is no such slot");
  }
  return kept;
}
