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
import { SAMPLE_COLUMNS } from "../backend.ts";
import type { Program } from "./program.ts";
import { sampleParams } from "./sample-params.ts";

/** What a step needs of its backend. */
export interface StepHost {
  readonly codes: ReadonlyMap<string, number>;
  readonly arena: number;
  readonly arenaFloats: number;
  readonly exact: boolean;
  /** Bytes of an op's scratch memory. */
  scratchBytes(what: "matmul" | "scan" | "tileAttention", a: number, b: number): number;
  submit(step: CpuStep, outputs: readonly Tensor[]): Promise<Float32Array[]>;
}

const ACTIVATIONS = { none: 0, relu2: 1, gelu: 2 } as const;

/** Records ops as words for the addon. Temporaries are stacked in the backend's arena. */
export class CpuStep implements Step {
  readonly program: Program;
  /** Values to be copied to the arena when the step's turn comes: [offset in floats, values]. */
  readonly inputs: (readonly [number, Float32Array])[] = [];
  private readonly host: StepHost;
  /** Temporaries grow upwards from the arena's start, inputs downwards from its end. */
  private top = 0;
  private bottom: number;

  constructor(host: StepHost, program: Program) {
    this.host = host;
    this.bottom = host.arenaFloats;
    this.program = program;
    program.reset();
  }

  scope(body: () => void): void {
    const top = this.top;
    body();
    this.top = top;
  }

  input(values: Float32Array, rows: number): Tensor {
    // Inputs are in place before the first op runs, so no temporary may share their memory.
    const offset = Math.floor((this.bottom - values.length) / 16) * 16;
    this.bottom = offset;
    assert(this.top <= offset, "a step is larger than the arena");
    this.inputs.push([offset, values.slice()]);
    const cols = values.length / rows;
    return { buffer: this.host.arena, offset, rows, cols, stride: cols };
  }

  empty(rows: number, cols: number): Tensor {
    return { buffer: this.host.arena, offset: this.take(rows * cols), rows, cols, stride: cols };
  }

  embed(ids: Int32Array, table: Table): Tensor {
    const y = this.empty(ids.length, table.cols);
    this.op("embed");
    this.program.tensor(y);
    this.program.integer(table.buffer);
    this.program.integer(table.offset / 64);
    this.program.integer(table.rows);
    this.program.words(ids);
    this.program.end();
    return y;
  }

  gatherRows(x: Tensor, index: Int32Array): Tensor {
    const y = this.empty(index.length, x.cols);
    this.op("gatherRows", x, y);
    this.program.words(index);
    this.program.end();
    return y;
  }

  scatterRows(x: Tensor, index: Int32Array, rows: Tensor): void {
    this.op("scatterRows", x, rows);
    this.program.words(index);
    this.program.end();
  }

  add(into: Tensor, x: Tensor): void {
    this.op("add", x, into);
    this.program.end();
  }

  cosineDistance(x: Tensor, y: Tensor): Tensor {
    const distances = this.empty(x.rows, 1);
    this.op("cosineDistance", x, y, distances);
    this.program.end();
    return distances;
  }

  rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
    const y = this.empty(x.rows, x.cols);
    this.op("rmsNorm", x, y, weight);
    this.program.real(eps);
    this.program.end();
    return y;
  }

  layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
    const y = this.empty(x.rows, x.cols);
    this.op("layerNorm", x, y, weight, bias);
    this.program.real(eps);
    this.program.end();
    return y;
  }

  gatedNorm(x: Tensor, gate: Tensor, weight: Tensor, groups: number, eps: number): Tensor {
    const y = this.empty(x.rows, x.cols);
    this.op("gatedNorm", x, y, gate, weight);
    this.program.integer(groups);
    this.program.real(eps);
    this.program.end();
    return y;
  }

  matmul(x: Tensor, w: Matrix, options: MatmulOptions = {}): Tensor {
    const y = this.empty(x.rows, w.outputs);
    this.multiply(x, y, w, options.bias, ACTIVATIONS[options.activation ?? "none"], 0);
    return y;
  }

  matmulAdd(into: Tensor, x: Tensor, w: Matrix, options: { readonly bias?: Tensor } = {}): void {
    this.multiply(x, into, w, options.bias, ACTIVATIONS.none, 1);
  }

  conv1d(x: Tensor, weight: Tensor, bias: Tensor, batch: Batch, state: MambaState): Tensor {
    const y = this.empty(x.rows, x.cols);
    this.op("conv1d", x, y);
    this.program.integer(weight.rows);
    this.program.tensor(weight);
    this.program.tensor(bias);
    this.program.tensor(state.conv);
    this.program.spans(batch);
    this.program.end();
    return y;
  }

  ssmScan(
    x: { readonly u: Tensor; readonly b: Tensor; readonly c: Tensor; readonly dt: Tensor },
    w: ScanWeights,
    batch: Batch,
    state: MambaState,
  ): Tensor {
    const y = this.empty(x.u.rows, x.u.cols);
    const width = x.u.cols / w.heads;
    this.op("ssmScan", x.u, x.b, x.c, x.dt, y);
    for (const size of [w.heads, width, w.groups, w.state]) this.program.integer(size);
    for (const tensor of [w.a, w.d, w.dtBias, state.ssm, state.tail]) this.program.tensor(tensor);
    const bytes = this.host.scratchBytes("scan", width, w.state) + 8 * x.u.rows * w.heads;
    this.scratch(bytes);
    this.program.spans(batch);
    this.program.end();
    return y;
  }

  attention(
    x: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
    cache: KvCache,
    batch: Batch,
    scale: number,
  ): Tensor {
    const y = this.empty(x.q.rows, x.q.cols);
    this.op("attention", x.q, x.k, x.v, y);
    this.program.integer(x.q.cols / cache.headDim);
    this.program.integer(cache.kvHeads);
    this.program.integer(cache.headDim);
    this.program.integer(cache.dtype === "f32" ? 1 : 0);
    this.program.real(scale);
    this.program.integer(cache.pages);
    for (const buffer of [cache.keys, cache.values]) {
      this.program.integer(buffer);
      this.program.integer(0);
    }
    this.program.spans(batch);
    this.program.end();
    return y;
  }

  patchify(pixels: Tensor, sidePx: number, patchPx: number): Tensor {
    const perSide = sidePx / patchPx;
    const y = this.empty(pixels.rows * perSide * perSide, 3 * patchPx * patchPx);
    this.op("patchify", pixels, y);
    this.program.integer(sidePx);
    this.program.integer(patchPx);
    this.program.end();
    return y;
  }

  tileTokens(patches: Tensor, prefix: Tensor, position: Tensor, into: Tensor): void {
    this.op("tileTokens", patches, prefix, position, into);
    this.program.end();
  }

  tileAttention(qkv: Tensor, tokens: number, heads: number, scale: number): Tensor {
    const y = this.empty(qkv.rows, qkv.cols / 3);
    this.op("tileAttention", qkv, y);
    const dim = y.cols / heads;
    for (const size of [tokens, heads, dim, this.host.exact ? 1 : 0]) this.program.integer(size);
    this.program.real(scale);
    this.scratch(this.host.scratchBytes("tileAttention", tokens, dim));
    this.program.end();
    return y;
  }

  pixelShuffle(x: Tensor, prefix: number, grid: number): Tensor {
    const tiles = x.rows / (prefix + grid * grid);
    const y = this.empty((tiles * grid * grid) / 4, x.cols * 4);
    this.op("pixelShuffle", x, y);
    this.program.integer(prefix);
    this.program.integer(grid);
    this.program.end();
    return y;
  }

  sample(logits: Tensor, rows: readonly SampleRow[]): Tensor {
    const y = this.empty(rows.length, SAMPLE_COLUMNS);
    const params = sampleParams(rows);
    this.op("sample", logits, y);
    this.program.integer(params.length);
    this.program.words(params);
    this.program.end();
    return y;
  }

  read(...tensors: Tensor[]): Promise<Float32Array[]> {
    return this.host.submit(this, tensors);
  }

  private multiply(
    x: Tensor,
    y: Tensor,
    w: Matrix,
    bias: Tensor | undefined,
    activation: number,
    accumulate: 0 | 1,
  ): void {
    this.op("matmul", x, y);
    this.program.integer(w.id);
    this.program.integer(bias ? 1 : 0);
    if (bias) this.program.tensor(bias);
    this.program.integer(activation);
    this.program.integer(accumulate);
    this.program.integer(this.host.exact ? 1 : 0);
    this.scratch(this.host.scratchBytes("matmul", x.rows, x.cols));
    this.program.end();
  }

  private op(name: string, ...tensors: Tensor[]): void {
    this.program.begin(this.host.codes.get(name)!);
    for (const tensor of tensors) this.program.tensor(tensor);
  }

  /** Memory for this op alone: the next op may have the same. */
  private scratch(bytes: number): void {
    const top = this.top;
    this.program.integer(this.host.arena);
    this.program.integer(this.take(Math.ceil(bytes / 4)));
    this.top = top;
  }

  /** Floats in the arena, from a multiple of 64 bytes on. */
  private take(floats: number): number {
    const at = this.top;
    this.top = at + Math.ceil(floats / 16) * 16;
    assert(this.top <= this.bottom, "a step is larger than the arena");
    return at;
  }
}
