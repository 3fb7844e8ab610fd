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

/** Buffer of the temporaries; a region's ids begin at 1. */
const TEMPORARIES = 0;
/** Buffer of sampled rows, so that `read` knows them. */
const SAMPLED = -1;
/** The token that every sampled row names, if it may: an ordinary one, not an end. */
const SAMPLED_TOKEN = 5;

const OPS = Object.freeze({
  matmul: 0,
  rmsNorm: 1,
  layerNorm: 2,
  gatedNorm: 3,
  conv1d: 4,
  ssmScan: 5,
  attention: 6,
  tileAttention: 7,
  embed: 8,
  gatherRows: 9,
  scatterRows: 10,
  patchify: 11,
  tileTokens: 12,
  pixelShuffle: 13,
  sample: 14,
  add: 15,
  cosineDistance: 16,
});

/** [op code, word count, words…] of every op, in memory that is used again by the next step. */
export class Recorder {
  #words = new Int32Array(1 << 16);
  #length = 0;
  #opBegin = 0;

  reset(): void {
    this.#length = 0;
  }

  begin(op: keyof typeof OPS): void {
    if (this.#length + 1024 > this.#words.length) this.#grow();
    this.#opBegin = this.#length;
    this.word(OPS[op]);
    this.word(0);
  }

  end(): void {
    this.#words[this.#opBegin + 1] = this.#length - this.#opBegin;
  }

  word(word: number): void {
    this.#words[this.#length++] = word;
  }

  words(words: Int32Array): void {
    while (this.#length + words.length + 1024 > this.#words.length) this.#grow();
    this.#words.set(words, this.#length);
    this.#length += words.length;
  }

  tensor({ buffer, offset, rows, cols, stride }: Tensor): void {
    this.word(buffer);
    this.word(offset);
    this.word(rows);
    this.word(cols);
    this.word(stride);
  }

  batch({ rows, spans, pages }: Batch): void {
    this.word(rows);
    this.words(spans);
    this.words(pages);
  }

  #grow(): void {
    const larger = new Int32Array(this.#words.length * 2);
    larger.set(this.#words);
    this.#words = larger;
  }
}

export class NullStep implements Step {
  readonly #record: Recorder;
  #used = 0;
  #sampled: readonly SampleRow[] = [];

  constructor(recorder: Recorder) {
    this.#record = recorder;
    recorder.reset();
  }

  scope(body: () => void): void {
    const used = this.#used;
    body();
    this.#used = used;
  }

  input(values: Float32Array, rows: number): Tensor {
    return this.empty(rows, values.length / rows);
  }

  empty(rows: number, cols: number): Tensor {
    const offset = this.#used;
    this.#used += rows * cols;
    return { buffer: TEMPORARIES, offset, rows, cols, stride: cols };
  }

  embed(ids: Int32Array, table: Table): Tensor {
    const y = this.empty(ids.length, table.cols);
    const record = this.#record;
    record.begin("embed");
    record.tensor(y);
    record.word(table.buffer);
    record.word(table.offset / 64);
    record.words(ids);
    record.end();
    return y;
  }

  gatherRows(x: Tensor, index: Int32Array): Tensor {
    const y = this.empty(index.length, x.cols);
    this.#rows("gatherRows", x, index, y);
    return y;
  }

  scatterRows(x: Tensor, index: Int32Array, rows: Tensor): void {
    this.#rows("scatterRows", x, index, rows);
  }

  #rows(op: "gatherRows" | "scatterRows", x: Tensor, index: Int32Array, y: Tensor): void {
    this.#record.begin(op);
    this.#record.tensor(x);
    this.#record.tensor(y);
    this.#record.words(index);
    this.#record.end();
  }

  add(into: Tensor, x: Tensor): void {
    this.#op("add", [x, into], []);
  }
  cosineDistance(x: Tensor, y: Tensor): Tensor {
    return this.#op("cosineDistance", [x, y, this.empty(x.rows, 1)], []);
  }
  rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
    return this.#op("rmsNorm", [x, this.empty(x.rows, x.cols), weight], [eps]);
  }
  layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
    return this.#op("layerNorm", [x, this.empty(x.rows, x.cols), weight, bias], [eps]);
  }
  gatedNorm(x: Tensor, gate: Tensor, weight: Tensor, groups: number, eps: number): Tensor {
    return this.#op("gatedNorm", [x, this.empty(x.rows, x.cols), gate, weight], [groups, eps]);
  }

  matmul(x: Tensor, w: Matrix, options: MatmulOptions = {}): Tensor {
    const y = this.empty(x.rows, w.outputs);
    this.#matmul(x, w, options, y);
    return y;
  }
  matmulAdd(into: Tensor, x: Tensor, w: Matrix, options: { readonly bias?: Tensor } = {}): void {
    this.#matmul(x, w, options, into);
  }
  #matmul(x: Tensor, w: Matrix, { bias, activation }: MatmulOptions, y: Tensor): void {
    const record = this.#record;
    record.begin("matmul");
    record.tensor(x);
    record.tensor(y);
    record.word(w.id);
    record.word(bias ? 1 : 0);
    if (bias) record.tensor(bias);
    record.word(activation === undefined ? 0 : activation === "relu2" ? 1 : 2);
    record.end();
  }

  conv1d(x: Tensor, weight: Tensor, bias: Tensor, batch: Batch, state: MambaState): Tensor {
    const y = this.empty(x.rows, x.cols);
    const record = this.#record;
    record.begin("conv1d");
    for (const tensor of [x, y, weight, bias, state.conv]) record.tensor(tensor);
    record.batch(batch);
    record.end();
    return y;
  }

  ssmScan(
    x: { readonly u: Tensor; readonly b: Tensor; readonly c: Tensor; readonly dt: Tensor },
    w: ScanWeights,
    batch: Batch,
    state: MambaState,
  ): Tensor {
    const y = this.empty(x.u.rows, x.u.cols);
    const record = this.#record;
    record.begin("ssmScan");
    const tensors = [x.u, x.b, x.c, x.dt, y, w.a, w.d, w.dtBias, state.ssm, state.tail];
    for (const tensor of tensors) record.tensor(tensor);
    record.word(w.heads);
    record.word(w.groups);
    record.word(w.state);
    record.batch(batch);
    record.end();
    return y;
  }

  attention(
    x: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
    cache: KvCache,
    batch: Batch,
    scale: number,
  ): Tensor {
    const y = this.empty(x.q.rows, x.q.cols);
    const record = this.#record;
    record.begin("attention");
    for (const tensor of [x.q, x.k, x.v, y]) record.tensor(tensor);
    record.word(cache.kvHeads);
    record.word(cache.headDim);
    record.word(scale);
    record.word(cache.keys);
    record.word(cache.values);
    record.batch(batch);
    record.end();
    return y;
  }

  patchify(pixels: Tensor, sidePx: number, patchPx: number): Tensor {
    const y = this.empty(pixels.rows * (sidePx / patchPx) ** 2, 3 * patchPx ** 2);
    return this.#op("patchify", [pixels, y], [sidePx, patchPx]);
  }
  tileTokens(patches: Tensor, prefix: Tensor, position: Tensor, into: Tensor): void {
    this.#op("tileTokens", [patches, into, prefix, position], []);
  }
  tileAttention(qkv: Tensor, tokens: number, heads: number, scale: number): Tensor {
    const y = this.empty(qkv.rows, qkv.cols / 3);
    return this.#op("tileAttention", [qkv, y], [tokens, heads, scale]);
  }
  pixelShuffle(x: Tensor, prefix: number, grid: number): Tensor {
    const tiles = x.rows / (prefix + grid * grid);
    const y = this.empty((tiles * grid * grid) / 4, 4 * x.cols);
    return this.#op("pixelShuffle", [x, y], [prefix, grid]);
  }

  sample(logits: Tensor, rows: readonly SampleRow[]): Tensor {
    const { rows: count } = logits;
    const y = {
      buffer: SAMPLED,
      offset: 0,
      rows: count,
      cols: SAMPLE_COLUMNS,
      stride: SAMPLE_COLUMNS,
    };
    const record = this.#record;
    record.begin("sample");
    record.tensor(logits);
    record.tensor(y);
    for (const { history, bias, allowed } of rows) {
      for (let i = 0; i < 12; i++) record.word(0);
      record.words(history);
      record.words(new Int32Array(2 * bias.length));
      if (allowed) record.words(allowed);
    }
    record.end();
    this.#sampled = rows;
    return y;
  }

  async read(...tensors: Tensor[]): Promise<Float32Array[]> {
    return tensors.map(({ buffer, rows, cols }) => {
      const values = new Float32Array(rows * cols);
      if (buffer !== SAMPLED) return values;
      for (let row = 0; row < rows; row++) {
        values[row * cols] = sampledToken(this.#sampled[row]?.allowed);
      }
      return values;
    });
  }

  /** An op without a batch; its second tensor is the result. */
  #op(
    op: keyof typeof OPS,
    tensors: readonly [Tensor, Tensor, ...Tensor[]],
    numbers: readonly number[],
  ): Tensor {
    const record = this.#record;
    record.begin(op);
    for (const tensor of tensors) record.tensor(tensor);
    for (const number of numbers) record.word(number);
    record.end();
    return tensors[1];
  }
}

/** The lowest allowed token, where the usual one is not. */
function sampledToken(allowed: Int32Array | undefined): number {
  if (!allowed || ((allowed[SAMPLED_TOKEN >> 5]! >> (SAMPLED_TOKEN & 31)) & 1) === 1) {
    return SAMPLED_TOKEN;
  }
  const word = allowed.findIndex((bits) => bits !== 0);
  if (word < 0) return -1;
  const bits = allowed[word]!;
  return 32 * word + 31 - Math.clz32(bits & -bits);
}
