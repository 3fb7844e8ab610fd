import type { Batch } from "../../backend.ts";
import { pad16, SCAN_CHUNK } from "../../backend.ts";
import { type Span, spansOf } from "./spans.ts";
import { rowOf, type View } from "./view.ts";

// The recurrence token by token. S is float64 between two chunk boundaries and rounded to
// float32 at each of them, where it is stored, so that cutting a prompt anywhere changes nothing.
//
// H heads · P head width · G groups · N state

export interface SsmScanArgs {
  readonly u: View;
  readonly b: View;
  readonly c: View;
  readonly dt: View;
  readonly a: View;
  readonly d: View;
  readonly dtBias: View;
  readonly heads: number;
  readonly groups: number;
  readonly n: number;
  /** [slots, H·N·pad16(P)]: S at the last chunk boundary. */
  readonly ssm: View;
  /** [slots, SCAN_CHUNK·tailWidth]: u | B | Δ | running sum of Δ·A, rows since that boundary. */
  readonly tail: View;
  readonly batch: Batch;
  readonly y: View;
}

/** Inputs of the recurrence for one token: views of H·P, G·N and H numbers. */
interface Token {
  readonly u: Float32Array;
  readonly b: Float32Array;
  readonly delta: Float32Array;
}

export function ssmScan(args: SsmScanArgs): void {
  for (const span of spansOf(args.batch)) scanSpan(args, span);
}

function scanSpan(args: SsmScanArgs, span: Span): void {
  const saved = rowOf(args.ssm, span.slot);
  const tail = tailRows(args, span.slot);
  if (span.position === 0) saved.fill(0);
  const state = Float64Array.from(saved);
  for (const past of tail.slice(0, span.position % SCAN_CHUNK)) {
    advance(args, state, tokenOfTail(args, past));
  }
  for (let i = 0; i < span.rows; i++) {
    const inChunk = (span.position + i) % SCAN_CHUNK;
    const token = tail[inChunk]!;
    writeTail(args, span.row + i, token, inChunk > 0 ? tail[inChunk - 1] : undefined);
    advance(args, state, tokenOfTail(args, token));
    output(args, state, span.row + i);
    if (inChunk + 1 === SCAN_CHUNK) {
      saved.set(state);
      state.set(saved);
    }
  }
}

function tailRows({ tail }: SsmScanArgs, slot: number): Float32Array[] {
  const rows = rowOf(tail, slot);
  const width = tail.cols / SCAN_CHUNK;
  return Array.from({ length: SCAN_CHUNK }, (_, j) => rows.subarray(j * width, (j + 1) * width));
}

function tokenOfTail({ u, b, heads }: SsmScanArgs, row: Float32Array): Token {
  const inputs = u.cols + b.cols;
  return {
    u: row.subarray(0, u.cols),
    b: row.subarray(u.cols, inputs),
    delta: row.subarray(inputs, inputs + heads),
  };
}

/** Row `t` of the batch → its line of the tail; the running sum begins again in every chunk. */
function writeTail(
  args: SsmScanArgs,
  t: number,
  to: Float32Array,
  previous: Float32Array | undefined,
): void {
  const { heads, dt, dtBias, a } = args;
  const inputs = args.u.cols + args.b.cols;
  to.set(rowOf(args.u, t), 0);
  to.set(rowOf(args.b, t), args.u.cols);
  for (let h = 0; h < heads; h++) {
    const x = rowOf(dt, t)[h]! + rowOf(dtBias, 0)[h]!;
    const delta = Math.fround(x > 20 ? x : Math.log1p(Math.exp(x)));
    const sum = previous?.[inputs + heads + h] ?? 0;
    to[inputs + h] = delta;
    to[inputs + heads + h] = sum + delta * rowOf(a, 0)[h]!;
  }
}

/** S ← exp(Δ·A)·S + Δ·(B ⊗ u), S [H][N][pad16(P)]. */
function advance(args: SsmScanArgs, state: Float64Array, token: Token): void {
  const { heads, groups, n } = args;
  const width = args.u.cols / heads;
  const padded = pad16(width);
  for (let h = 0; h < heads; h++) {
    const group = Math.floor((h * groups) / heads);
    const delta = token.delta[h]!;
    const decay = Math.exp(delta * rowOf(args.a, 0)[h]!);
    for (let i = 0; i < n; i++) {
      const b = delta * token.b[group * n + i]!;
      const at = (h * n + i) * padded;
      for (let p = 0; p < width; p++) {
        state[at + p] = decay * state[at + p]! + b * token.u[h * width + p]!;
      }
    }
  }
}

/** y = C·S + D·u. */
function output(args: SsmScanArgs, state: Float64Array, t: number): void {
  const { heads, groups, n } = args;
  const width = args.u.cols / heads;
  const padded = pad16(width);
  const u = rowOf(args.u, t);
  const c = rowOf(args.c, t);
  const y = rowOf(args.y, t);
  for (let h = 0; h < heads; h++) {
    const group = Math.floor((h * groups) / heads);
    const d = rowOf(args.d, 0)[h]!;
    for (let p = 0; p < width; p++) {
      let sum = d * u[h * width + p]!;
      for (let i = 0; i < n; i++) sum += c[group * n + i]! * state[(h * n + i) * padded + p]!;
      y[h * width + p] = sum;
    }
  }
}
