import { GREEDY, type SamplingOptions } from "../core/chat.ts";
import type { WeightFormat } from "../core/dtype.ts";

/**
 * The contract of a backend: memory, and one method per op. The model is written against this
 * file alone. Ops are recorded on a Step, run together when it is read, and see their inputs in
 * the order of recording. All activations are float32, rows × columns.
 */

/** A matrix of float32 in one of the backend's buffers. A view shares its owner's memory. */
export interface Tensor {
  readonly buffer: number;
  /** In floats from the buffer's start. */
  readonly offset: number;
  readonly rows: number;
  readonly cols: number;
  /** Floats from one row to the next. */
  readonly stride: number;
}

/** A weight matrix [outputs, inputs] in the backend's own layout. */
export interface Matrix {
  readonly id: number;
  readonly format: WeightFormat;
  readonly outputs: number;
  readonly inputs: number;
}

/** Embedding rows in bf16, only ever gathered. */
export interface Table {
  readonly buffer: number;
  /** In bytes, a multiple of 64. */
  readonly offset: number;
  readonly rows: number;
  readonly cols: number;
}

/** Keys and values of one attention layer, in pages of PAGE_ROWS tokens. */
export interface KvCache {
  readonly keys: number;
  readonly values: number;
  readonly pages: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly dtype: KvDtype;
}

/**
 * One Mamba layer's memory. conv [slots, (taps − 1)·convWidth] holds the last raw inputs;
 * ssm [slots, heads·state·pad16(headDim)] the state at the last chunk boundary; tail
 * [slots, SCAN_CHUNK·tailWidth] the rows since then, so that a prompt may be cut anywhere.
 */
export interface MambaState {
  readonly conv: Tensor;
  readonly ssm: Tensor;
  readonly tail: Tensor;
}

export type KvDtype = "bf16" | "f32";

/** Tokens in a page of the KV cache. */
export const PAGE_ROWS = 64;
/** Tokens in a chunk of the Mamba scan, counted from a sequence's start. */
export const SCAN_CHUNK = 32;

/** Which rows of a batch belong to which sequence. Five words per span: see SPAN. */
export interface Batch {
  readonly rows: number;
  /** [row, rows, position, slot, pageBegin] of each span; rows in order and without gaps. */
  readonly spans: Int32Array;
  /** Page numbers of all spans' KV caches; a span's begin at its pageBegin. */
  readonly pages: Int32Array;
}
export const SPAN = Object.freeze({
  row: 0,
  rows: 1,
  position: 2,
  slot: 3,
  pageBegin: 4,
  words: 5,
});

export interface MatmulOptions {
  readonly bias?: Tensor;
  /** "gelu" is exact, with erf; "geluTanh" its approximation by tanh. */
  readonly activation?: "relu2" | "gelu" | "geluTanh";
}

export interface AttentionOptions {
  /** Default: causal. */
  readonly bidirectional?: boolean;
}

export interface ScanWeights {
  /** −exp(A_log), [1, heads]. */
  readonly a: Tensor;
  readonly d: Tensor;
  readonly dtBias: Tensor;
  readonly heads: number;
  readonly groups: number;
  readonly state: number;
}

/** How one row's token is sampled. `uniform` is the row's random number in [0, 1). */
export interface SampleRow extends Omit<SamplingOptions, "logitBias" | "seed"> {
  readonly uniform: number;
  /** Number of alternatives, up to SAMPLE_ALTERNATIVES; −1 for no log probabilities. */
  readonly alternatives: number;
  /** Pairs: token id, times generated so far (0: only in the prompt). */
  readonly history: Int32Array;
  readonly bias: SamplingOptions["logitBias"];
  /**
   * The only tokens that may be sampled, one bit each: token t is bit t % 32 of word t / 32. A bias
   * does not override it. Undefined: all. Log probabilities always refer to all tokens.
   */
  readonly allowed?: Int32Array;
}
/** Words of `allowed` for that many tokens. */
export function allowedWords(vocabulary: number): number {
  return Math.ceil(vocabulary / 32);
}
/** Takes the likeliest token and reports no alternatives. */
export const GREEDY_ROW: SampleRow = Object.freeze({
  ...GREEDY,
  uniform: 0,
  alternatives: -1,
  history: new Int32Array(0),
  bias: [],
});
export const SAMPLE_ALTERNATIVES = 20;
/** Columns of a sampled row: token (−1: no logit was a number), its logprob, then pairs. */
export const SAMPLE_COLUMNS = 2 + 2 * SAMPLE_ALTERNATIVES;

/** A recorded run. Everything it makes lives until the step is read. */
export interface Step {
  /** Temporaries made inside `body` may be overwritten once it has returned. */
  scope(body: () => void): void;
  /** Values from JavaScript as a tensor of that many rows. Copied now. */
  input(values: Float32Array, rows: number): Tensor;
  /** An uninitialised tensor, to be filled by ops that write into a given place. */
  empty(rows: number, cols: number): Tensor;

  /** table[ids[i]] → [ids.length, cols]. */
  embed(ids: Int32Array, table: Table): Tensor;
  /** x[index[i]] → row i. */
  gatherRows(x: Tensor, index: Int32Array): Tensor;
  /** x[index[i]] ← rows[i]. */
  scatterRows(x: Tensor, index: Int32Array, rows: Tensor): void;
  /** into ← into + x. */
  add(into: Tensor, x: Tensor): void;
  /**
   * 1 − cosine of each row of x to the same row of y → [rows, 1]. Lengths are at least 1e-8. Sums
   * are float64, in eight lanes: column c goes to lane c % 8, lanes are added in halves.
   */
  cosineDistance(x: Tensor, y: Tensor): Tensor;

  /** x · rsqrt(mean(x²) + eps) · weight, per row. */
  rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor;
  /** (x − mean) · rsqrt(variance + eps) · weight + bias, per row. */
  layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor;
  /** v = x · silu(gate), then RMS norm within each of `groups` equal runs of columns. */
  gatedNorm(x: Tensor, gate: Tensor, weight: Tensor, groups: number, eps: number): Tensor;

  /**
   * activation(x · wᵀ + bias) → [x.rows, w.outputs].
   * bf16, fp8 and nvfp4 weights: x is rounded to bf16 first, unless the backend was opened with
   * exact activations. int8 and int4 weights: x is rounded to int8 in blocks of 1280 columns.
   */
  matmul(x: Tensor, w: Matrix, options?: MatmulOptions): Tensor;
  /** into ← into + x · wᵀ + bias. */
  matmulAdd(into: Tensor, x: Tensor, w: Matrix, options?: { readonly bias?: Tensor }): void;

  /**
   * silu(bias + causal depthwise convolution) over every span; weight [taps, cols], tap taps−1
   * meets the current token. Reads and advances state.conv of the spans' slots; a span at
   * position 0 starts from zeros.
   */
  conv1d(x: Tensor, weight: Tensor, bias: Tensor, batch: Batch, state: MambaState): Tensor;
  /**
   * The Mamba-2 recurrence over every span:
   *   S ← exp(Δ·A)·S + Δ·(B ⊗ x),  y = C·S + D·x,   Δ = softplus(dt + dtBias), unclamped
   * u [T, heads·P] · b, c [T, groups·N] · dt [T, heads] → [T, heads·P]. Advances ssm and tail.
   */
  ssmScan(
    x: { readonly u: Tensor; readonly b: Tensor; readonly c: Tensor; readonly dt: Tensor },
    w: ScanWeights,
    batch: Batch,
    state: MambaState,
  ): Tensor;
  /**
   * Grouped-query attention without positions. q [T, heads·dim], k, v [T, kvHeads·dim].
   * Stores the new keys and values in the spans' pages, then attends. → [T, heads·dim]. A row sees
   * its sequence up to itself, or, with `bidirectional`, all tokens that the span's pages hold.
   */
  attention(
    x: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
    cache: KvCache,
    batch: Batch,
    scale: number,
    options?: AttentionOptions,
  ): Tensor;
  /**
   * Rotary positions. x [T, heads·dim]; angles [positions, dim]: dim/2 cosines, then dim/2 sines.
   * Each head's pair (d, d + dim/2) turns by the angles of its row's position → like x.
   */
  rope(x: Tensor, angles: Tensor, positions: Int32Array): Tensor;
  /** silu(gate) · up, element by element. */
  swiglu(gate: Tensor, up: Tensor): Tensor;
  /** Mean of each span's rows → [spans, cols]. Sums are float64, in the order of the rows. */
  meanRows(x: Tensor, batch: Batch): Tensor;

  /** pixels [tiles, 3·side²] → [tiles·(side/patch)², 3·patch²], vectors ordered channel, y, x. */
  patchify(pixels: Tensor, sidePx: number, patchPx: number): Tensor;
  /** into, per tile: the prefix rows, then its patches plus their positions. */
  tileTokens(patches: Tensor, prefix: Tensor, position: Tensor, into: Tensor): void;
  /** Bidirectional attention within each tile. qkv [tiles·tokens, 3·heads·dim] (q | k | v). */
  tileAttention(qkv: Tensor, tokens: number, heads: number, scale: number): Tensor;
  /**
   * Drops each tile's prefix rows and joins 2 × 2 neighbouring patches:
   * out[R, Q] = (2R, 2Q) | (2R, 2Q+1) | (2R+1, 2Q) | (2R+1, 2Q+1).
   */
  pixelShuffle(x: Tensor, prefix: number, grid: number): Tensor;

  /**
   * One token per row of logits; see SAMPLE_COLUMNS for the columns. Ties go to the lower id. If
   * every remaining logit is −Infinity, the lowest of those ids is taken.
   */
  sample(logits: Tensor, rows: readonly SampleRow[]): Tensor;

  /** Runs everything recorded and returns copies of these tensors. The only await. */
  read(...tensors: Tensor[]): Promise<Float32Array[]>;
}

/** Source of a packed matrix: rows of a checkpoint tensor, in the order of the outputs. */
export type MatrixSource =
  | { readonly kind: "f32" | "f16" | "bf16"; readonly data: Uint8Array }
  | { readonly kind: "fp8"; readonly data: Uint8Array; readonly scale: number }
  | {
      readonly kind: "nvfp4";
      readonly data: Uint8Array;
      readonly blockScales: Uint8Array;
      readonly scale: number;
    };

/** A run of a backend's long-lived memory. Zeroed when made; touched only when used. */
export interface Region {
  readonly buffer: number;
  readonly bytes: number;
}

export interface PackedFile {
  readonly path: string;
  readonly bytes: number;
}

export interface Backend {
  readonly name: "reference" | "cpu" | "null";
  /** Which kernels run: "amx", "avx512", ...; part of the key of a packed file. */
  readonly kernelSet: string;
  readonly threads: number;

  allocate(bytes: number): Region;
  /** A new file of that size, mapped for writing; see `sync`. */
  createFile(file: PackedFile): Region;
  /** An existing file, mapped for reading. */
  mapFile(file: PackedFile): Region;
  /** Resolves when everything written to the region's file is on disk. */
  sync(region: Region): Promise<void>;
  release(region: Region): void;
  write(region: Region, offsetBytes: number, data: Uint8Array): void;
  read(region: Region, offsetBytes: number, into: Uint8Array): void;

  /** Bytes of a packed matrix, a multiple of 64. */
  matrixBytes(format: WeightFormat, outputs: number, inputs: number): number;
  /** Registers the packed matrix at this offset, a multiple of 64. */
  matrix(
    region: Region,
    offsetBytes: number,
    format: WeightFormat,
    outputs: number,
    inputs: number,
  ): Matrix;
  /**
   * Packs rows [firstRow, firstRow + rows) of a matrix whose memory is writable.
   * fp8 and nvfp4 sources keep their format; the others become bf16, int8 or int4.
   * Resolves to the number of values that are not finite: more than 0 means a damaged source.
   */
  pack(matrix: Matrix, firstRow: number, rows: number, source: MatrixSource): Promise<number>;
  /** Writes embedding rows as bf16. Resolves like `pack`. */
  packTable(region: Region, offsetBytes: number, source: MatrixSource): Promise<number>;

  begin(): Step;
  /** Eight-bit RGB, Pillow's antialiased bicubic; tables as media/resize.ts makes them. */
  resize?: ResizeFunction;
  /** A square of an RGB picture through a table [3, 256]: [3, sidePx, sidePx]. */
  cutTile?: CutTileFunction;
  /** Waits for running work, then frees everything. */
  close(): Promise<void>;
}

export interface TileCut {
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly sidePx: number;
}
export type CutTileFunction = (cut: TileCut, table: Float32Array) => Promise<Float32Array>;

export interface ResizeTables {
  readonly taps: number;
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Int32Array;
}
export type ResizeFunction = (
  image: { readonly rgb: Uint8Array; readonly width: number; readonly height: number },
  horizontal: ResizeTables,
  vertical: ResizeTables,
  width: number,
  height: number,
) => Promise<Uint8Array>;

/** Columns [from, from + count) of x. */
export function columns(x: Tensor, from: number, count: number): Tensor {
  return { buffer: x.buffer, offset: x.offset + from, rows: x.rows, cols: count, stride: x.stride };
}

/** Rows [from, from + count) of x. */
export function rows(x: Tensor, from: number, count: number): Tensor {
  return { ...x, offset: x.offset + from * x.stride, rows: count };
}

/** A tensor over a region's memory, from that byte on. */
export function tensorAt(
  region: Region,
  offsetBytes: number,
  rowCount: number,
  cols: number,
): Tensor {
  return {
    buffer: region.buffer,
    offset: offsetBytes / 4,
    rows: rowCount,
    cols,
    stride: cols,
  };
}

export function pad16(n: number): number {
  return Math.ceil(n / 16) * 16;
}

/** Floats per token in a Mamba layer's tail: u | B | Δ | running sum of Δ·A. */
export function scanTailWidth(
  heads: number,
  headDim: number,
  groups: number,
  state: number,
): number {
  return heads * headDim + groups * state + 2 * heads;
}
