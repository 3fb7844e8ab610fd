import { bf16ToF32, f32ToBf16 } from "../../../core/dtype.ts";
import { type Batch, PAGE_ROWS } from "../../backend.ts";
import { type Span, spansOf } from "./spans.ts";
import { rowOf, type View } from "./view.ts";

export interface AttentionArgs {
  readonly q: View;
  readonly k: View;
  readonly v: View;
  /** [pages][kvHeads][dim][PAGE_ROWS], transposed; bf16 as its bits. */
  readonly keys: Float32Array | Uint16Array;
  /** [pages][kvHeads][PAGE_ROWS][dim]. */
  readonly values: Float32Array | Uint16Array;
  readonly kvHeads: number;
  readonly dim: number;
  readonly scale: number;
  readonly bidirectional: boolean;
  readonly batch: Batch;
  readonly y: View;
}

export function attention(args: AttentionArgs): void {
  const spans = spansOf(args.batch);
  for (const span of spans) store(args, span);
  for (const span of spans) {
    for (let i = 0; i < span.rows; i++) attend(args, span, i);
  }
}

/** Where a token's numbers begin: its key's, PAGE_ROWS apart, and its value's, one by one. */
function placeOf(args: AttentionArgs, span: Span, position: number, kvHead: number) {
  const page = args.batch.pages[span.pageBegin + Math.floor(position / PAGE_ROWS)]!;
  const line = position % PAGE_ROWS;
  const at = (page * args.kvHeads + kvHead) * args.dim * PAGE_ROWS;
  return { key: at + line, value: at + line * args.dim };
}

function get(cache: Float32Array | Uint16Array, at: number): number {
  return cache instanceof Uint16Array ? bf16ToF32(cache[at]!) : cache[at]!;
}

function set(cache: Float32Array | Uint16Array, at: number, value: number): void {
  cache[at] = cache instanceof Uint16Array ? f32ToBf16(value) : value;
}

function store(args: AttentionArgs, span: Span): void {
  const { dim, kvHeads } = args;
  for (let i = 0; i < span.rows; i++) {
    const k = rowOf(args.k, span.row + i);
    const v = rowOf(args.v, span.row + i);
    for (let head = 0; head < kvHeads; head++) {
      const place = placeOf(args, span, span.position + i, head);
      for (let d = 0; d < dim; d++) {
        set(args.keys, place.key + d * PAGE_ROWS, k[head * dim + d]!);
        set(args.values, place.value + d, v[head * dim + d]!);
      }
    }
  }
}

/** Row i of the span: softmax(q · keys · scale) · values over the tokens that it sees. */
function attend(args: AttentionArgs, span: Span, i: number): void {
  const { dim, kvHeads } = args;
  const heads = args.q.cols / dim;
  const q = rowOf(args.q, span.row + i);
  const y = rowOf(args.y, span.row + i);
  const tokens = span.position + (args.bidirectional ? span.rows : i + 1);
  for (let head = 0; head < heads; head++) {
    const kvHead = Math.floor((head * kvHeads) / heads);
    const places = Array.from({ length: tokens }, (_, t) => placeOf(args, span, t, kvHead));
    const scores = places.map(({ key }) => {
      let sum = 0;
      for (let d = 0; d < dim; d++) sum += q[head * dim + d]! * get(args.keys, key + d * PAGE_ROWS);
      return sum * args.scale;
    });
    const weights = softmax(scores);
    for (let d = 0; d < dim; d++) {
      let sum = 0;
      for (let t = 0; t < tokens; t++) sum += weights[t]! * get(args.values, places[t]!.value + d);
      y[head * dim + d] = sum;
    }
  }
}

export function softmax(scores: readonly number[]): number[] {
  const top = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = scores.map((score) => Math.exp(score - top));
  const total = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / total);
}
