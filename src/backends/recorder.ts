import { assert } from "../core/assert.ts";
import type {
  AttentionOptions,
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
} from "./backend.ts";
import { PAGE_ROWS, pad16, SAMPLE_COLUMNS, SCAN_CHUNK, SPAN, scanTailWidth } from "./backend.ts";
import { ACTIVATIONS, type Scratch } from "./ops.ts";
import type { Program } from "./program.ts";
import { encodeSampleRows } from "./sample-rows.ts";

/** The part of a backend that a recorder needs. */
export interface RecorderHost {
  /** The buffer of temporaries, inputs and scratch memory. */
  readonly arena: number;
  readonly arenaFloats: number;
  /** Matmuls with bf16, fp8 and nvfp4 weights keep float32 activations. */
  readonly exact: boolean;
  /** Bytes of an op's scratch memory; 0 for backends that need none. */
  scratchBytes(op: "matmul" | "ssmScan" | "tileAttention", a: number, b: number): number;
  /** Runs the recorded program and returns copies of these tensors. */
  run(recorder: Recorder, outputs: readonly Tensor[]): Promise<Float32Array[]>;
}

/**
 * Records a step for any backend: checks shapes, places temporaries in the arena and appends the
 * op to a program of words. A backend only runs the program. Temporaries grow upwards from the
 * arena's start; inputs grow downwards from its end, because they are in place before the first
 * op runs and must share their memory with no temporary.
 *
 * Every method throws an AssertionError if the operands do not fit each other.
 */
export class Recorder implements Step {
  readonly program: Program;
  /** Values to copy into the arena before the program runs: [offset in floats, values]. */
  readonly inputs: (readonly [number, Float32Array])[] = [];
  /** Highest use of temporaries and scratch memory, in floats from the arena's start. */
  temporaryFloats = 0;
  /** Where the inputs begin, in floats. */
  inputsBegin: number;
  private readonly host: RecorderHost;
  private top = 0;

  constructor(host: RecorderHost, program: Program) {
    this.host = host;
    this.inputsBegin = host.arenaFloats;
    this.program = program;
    program.reset();
  }

  scope(body: () => void): void {
    const top = this.top;
    body();
    this.top = top;
  }

  input(values: Float32Array, rows: number): Tensor {
    assert(values.length % rows === 0, "input: whole rows");
    const offset = Math.floor((this.inputsBegin - values.length) / 16) * 16;
    this.inputsBegin = offset;
    assert(this.temporaryFloats <= offset, "a step is larger than the arena");
    this.inputs.push([offset, values.slice()]);
    const cols = values.length / rows;
    return { buffer: this.host.arena, offset, rows, cols, stride: cols };
  }

  empty(rows: number, cols: number): Tensor {
    return { buffer: this.host.arena, offset: this.take(rows * cols), rows, cols, stride: cols };
  }

  embed(ids: Int32Array, table: Table): Tensor {
    assert(
      ids.every((id) => id >= 0 && id < table.rows),
      "embed: no such token",
    );
    const y = this.empty(ids.length, table.cols);
    this.program.record("embed", y, table, ids);
    return y;
  }

  gatherRows(x: Tensor, index: Int32Array): Tensor {
    this.checkLive(x);
    this.checkRows(x, index);
    const y = this.empty(index.length, x.cols);
    this.program.record("gatherRows", x, y, index);
    return y;
  }

  scatterRows(x: Tensor, index: Int32Array, rows: Tensor): void {
    this.checkLive(x, rows);
    this.checkRows(x, index);
    assert(rows.rows === index.length && rows.cols === x.cols, "scatterRows: shapes");
    this.program.record("scatterRows", x, rows, index);
  }

  add(into: Tensor, x: Tensor): void {
    this.checkLive(into, x);
    checkSameShape(into, x, "add");
    this.program.record("add", x, into);
  }

  cosineDistance(x: Tensor, y: Tensor): Tensor {
    this.checkLive(x, y);
    checkSameShape(x, y, "cosineDistance");
    const distances = this.empty(x.rows, 1);
    this.program.record("cosineDistance", x, y, distances);
    return distances;
  }

  rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
    this.checkLive(x, weight);
    checkVector(weight, x.cols, "rmsNorm: weight");
    const y = this.empty(x.rows, x.cols);
    this.program.record("rmsNorm", x, y, weight, eps);
    return y;
  }

  layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
    this.checkLive(x, weight, bias);
    checkVector(weight, x.cols, "layerNorm: weight");
    checkVector(bias, x.cols, "layerNorm: bias");
    const y = this.empty(x.rows, x.cols);
    this.program.record("layerNorm", x, y, weight, bias, eps);
    return y;
  }

  gatedNorm(x: Tensor, gate: Tensor, weight: Tensor, groups: number, eps: number): Tensor {
    this.checkLive(x, gate, weight);
    checkSameShape(x, gate, "gatedNorm");
    checkVector(weight, x.cols, "gatedNorm: weight");
    assert(x.cols % groups === 0, "gatedNorm: groups");
    const y = this.empty(x.rows, x.cols);
    this.program.record("gatedNorm", x, y, gate, weight, groups, eps);
    return y;
  }

  matmul(x: Tensor, w: Matrix, options: MatmulOptions = {}): Tensor {
    this.checkLive(x);
    const y = this.empty(x.rows, w.outputs);
    this.multiply(x, y, w, options, 0);
    return y;
  }

  matmulAdd(into: Tensor, x: Tensor, w: Matrix, options: { readonly bias?: Tensor } = {}): void {
    this.checkLive(into, x);
    this.multiply(x, into, w, options, 1);
  }

  conv1d(x: Tensor, weight: Tensor, bias: Tensor, batch: Batch, { conv }: MambaState): Tensor {
    this.checkLive(x, weight, bias);
    assert(weight.cols === x.cols, "conv1d: weight");
    checkVector(bias, x.cols, "conv1d: bias");
    assert(conv.cols === (weight.rows - 1) * x.cols, "conv1d: state");
    checkBatch(batch, x, conv.rows);
    const y = this.empty(x.rows, x.cols);
    this.program.record("conv1d", x, y, weight, bias, conv, batch);
    return y;
  }

  ssmScan(
    x: { readonly u: Tensor; readonly b: Tensor; readonly c: Tensor; readonly dt: Tensor },
    w: ScanWeights,
    batch: Batch,
    { ssm, tail }: MambaState,
  ): Tensor {
    const { u, b, c, dt } = x;
    this.checkLive(u, b, c, dt);
    const { a, d, dtBias, heads, groups, state: n } = w;
    const width = u.cols / heads;
    assert(b.cols === groups * n && c.cols === groups * n, "ssmScan: B or C");
    assert(dt.cols === heads, "ssmScan: dt");
    for (const vector of [a, d, dtBias]) checkVector(vector, heads, "ssmScan: a, d or dtBias");
    assert(ssm.cols === heads * n * pad16(width), "ssmScan: ssm");
    assert(tail.cols === SCAN_CHUNK * scanTailWidth(heads, width, groups, n), "ssmScan: tail");
    checkBatch(batch, u, Math.min(ssm.rows, tail.rows));
    const y = this.empty(u.rows, u.cols);
    const bytes = this.host.scratchBytes("ssmScan", width, n);
    const scratch = this.scratch(bytes === 0 ? 0 : bytes + 8 * u.rows * heads);
    // biome-ignore format: two lines show the table's order better than fifteen
    this.program.record("ssmScan", u, b, c, dt, y, a, d, dtBias, ssm, tail,
      heads, groups, n, scratch, batch);
    return y;
  }

  attention(
    x: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
    cache: KvCache,
    batch: Batch,
    scale: number,
    options: AttentionOptions = {},
  ): Tensor {
    const { q, k, v } = x;
    this.checkLive(q, k, v);
    checkSameShape(k, v, "attention");
    assert(k.cols === cache.kvHeads * cache.headDim && q.cols % k.cols === 0, "attention: heads");
    checkBatch(batch, q, Number.POSITIVE_INFINITY);
    checkPages(batch, cache.pages);
    const y = this.empty(q.rows, q.cols);
    const bidirectional = options.bidirectional ? 1 : 0;
    this.program.record("attention", q, k, v, y, cache, scale, bidirectional, batch);
    return y;
  }

  rope(x: Tensor, angles: Tensor, positions: Int32Array): Tensor {
    this.checkLive(x, angles);
    assert(angles.cols % 2 === 0 && x.cols % angles.cols === 0, "rope: whole heads");
    assert(positions.length === x.rows, "rope: one position per row");
    this.checkRows(angles, positions);
    const y = this.empty(x.rows, x.cols);
    this.program.record("rope", x, y, angles, positions);
    return y;
  }

  swiglu(gate: Tensor, up: Tensor): Tensor {
    this.checkLive(gate, up);
    checkSameShape(gate, up, "swiglu");
    const y = this.empty(up.rows, up.cols);
    this.program.record("swiglu", gate, up, y);
    return y;
  }

  meanRows(x: Tensor, batch: Batch): Tensor {
    this.checkLive(x);
    checkBatch(batch, x, Number.POSITIVE_INFINITY);
    for (let at = SPAN.rows; at < batch.spans.length; at += SPAN.words) {
      assert(batch.spans[at]! > 0, "meanRows: a span without rows has no mean");
    }
    const y = this.empty(batch.spans.length / SPAN.words, x.cols);
    this.program.record("meanRows", x, y, batch);
    return y;
  }

  patchify(pixels: Tensor, sidePx: number, patchPx: number): Tensor {
    this.checkLive(pixels);
    assert(sidePx % patchPx === 0 && pixels.cols === 3 * sidePx ** 2, "patchify: sizes");
    const y = this.empty(pixels.rows * (sidePx / patchPx) ** 2, 3 * patchPx ** 2);
    this.program.record("patchify", pixels, y, sidePx, patchPx);
    return y;
  }

  tileTokens(patches: Tensor, prefix: Tensor, position: Tensor, into: Tensor): void {
    this.checkLive(patches, prefix, position, into);
    const tiles = patches.rows / position.rows;
    assert(Number.isInteger(tiles), "tileTokens: whole tiles");
    assert(into.rows === tiles * (prefix.rows + position.rows), "tileTokens: rows");
    for (const { cols } of [patches, prefix, position]) {
      assert(cols === into.cols, "tileTokens: widths");
    }
    this.program.record("tileTokens", patches, prefix, position, into);
  }

  tileAttention(qkv: Tensor, tokens: number, heads: number, scale: number): Tensor {
    this.checkLive(qkv);
    assert(qkv.rows % tokens === 0 && qkv.cols % (3 * heads) === 0, "tileAttention: sizes");
    const y = this.empty(qkv.rows, qkv.cols / 3);
    const scratch = this.scratch(this.host.scratchBytes("tileAttention", tokens, y.cols / heads));
    const exact = this.host.exact ? 1 : 0;
    this.program.record("tileAttention", qkv, y, tokens, heads, exact, scale, scratch);
    return y;
  }

  pixelShuffle(x: Tensor, prefix: number, grid: number): Tensor {
    this.checkLive(x);
    const tiles = x.rows / (prefix + grid * grid);
    assert(Number.isInteger(tiles) && grid % 2 === 0, "pixelShuffle: sizes");
    const y = this.empty((tiles * grid * grid) / 4, 4 * x.cols);
    this.program.record("pixelShuffle", x, y, prefix, grid);
    return y;
  }

  sample(logits: Tensor, rows: readonly SampleRow[]): Tensor {
    this.checkLive(logits);
    assert(rows.length === logits.rows, "sample: one SampleRow per row");
    const y = this.empty(rows.length, SAMPLE_COLUMNS);
    this.program.record("sample", logits, y, encodeSampleRows(rows));
    return y;
  }

  read(...tensors: Tensor[]): Promise<Float32Array[]> {
    this.checkLive(...tensors);
    return this.host.run(this, tensors);
  }

  private multiply(
    x: Tensor,
    y: Tensor,
    w: Matrix,
    {
      bias,
      activation = "none",
    }: Omit<MatmulOptions, "activation"> & {
      readonly activation?: keyof typeof ACTIVATIONS;
    },
    accumulate: 0 | 1,
  ): void {
    assert(x.cols === w.inputs, `matmul: ${x.cols} columns meet ${w.inputs} inputs`);
    assert(y.cols === w.outputs && y.rows === x.rows, "matmul: shape of the result");
    if (bias) checkVector(bias, w.outputs, "matmul: bias");
    const scratch = this.scratch(this.host.scratchBytes("matmul", x.rows, x.cols));
    const [code, exact] = [ACTIVATIONS[activation], this.host.exact ? 1 : 0];
    this.program.record("matmul", x, y, w.id, bias, code, accumulate, exact, scratch);
  }

  /** Asserts that no tensor is a temporary whose scope has ended: its memory may be overwritten. */
  private checkLive(...tensors: readonly Tensor[]): void {
    for (let i = 0; i < tensors.length; i++) {
      const { buffer, offset, rows } = tensors[i]!;
      if (buffer !== this.host.arena || offset < this.top || offset >= this.inputsBegin) continue;
      assert(rows === 0, "a temporary is used after its scope");
    }
  }

  private checkRows(x: Tensor, index: Int32Array): void {
    assert(
      index.every((row) => row >= 0 && row < x.rows),
      "there is no such row",
    );
  }

  /** Memory for one op; the next op may get the same. */
  private scratch(bytes: number): Scratch {
    const { top } = this;
    const offset = this.take(Math.ceil(bytes / 4));
    this.top = top;
    return { buffer: this.host.arena, offset };
  }

  /** Floats in the arena, from a multiple of 64 bytes on. */
  private take(floats: number): number {
    const at = this.top;
    this.top = at + Math.ceil(floats / 16) * 16;
    if (this.top > this.temporaryFloats) {
      this.temporaryFloats = this.top;
      assert(this.top <= this.inputsBegin, "a step is larger than the arena");
    }
    return at;
  }
}

function checkVector(tensor: Tensor, cols: number, what: string): void {
  assert(tensor.rows === 1 && tensor.cols === cols, what);
}

function checkSameShape(a: Tensor, b: Tensor, op: string): void {
  assert(a.rows === b.rows && a.cols === b.cols, `${op}: shapes differ`);
}

/** Spans lie within x and name slots that exist. */
function checkBatch({ rows, spans }: Batch, x: Tensor, slots: number): void {
  assert(rows === x.rows, "a batch has as many rows as its tensors");
  for (let at = 0; at < spans.length; at += SPAN.words) {
    const row = spans[at + SPAN.row]!;
    const count = spans[at + SPAN.rows]!;
    const slot = spans[at + SPAN.slot]!;
    assert(row >= 0 && count >= 0 && row + count <= rows, "a span is out of range");
    assert(slot >= 0 && slot < slots, "there is no such slot");
  }
}

/** Every span has the pages that its tokens need, and all of them exist. */
function checkPages({ spans, pages }: Batch, count: number): void {
  for (let at = 0; at < spans.length; at += SPAN.words) {
    const tokens = spans[at + SPAN.position]! + spans[at + SPAN.rows]!;
    const end = spans[at + SPAN.pageBegin]! + Math.ceil(tokens / PAGE_ROWS);
    assert(end <= pages.length, "attention: too few pages");
  }
  assert(
    pages.every((page) => page >= 0 && page < count),
    "attention: no such page",
  );
}
