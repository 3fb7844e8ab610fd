// Efficient Video Sampling: of a video's projected rows, those that differ least from the same
// place one frame earlier are left out.                                Source: MODEL.md § Video.

import { type Backend, rows as rowsOf, type Step } from "../../backends/backend.ts";

/** Every row of the first frame comes before all others. */
const FIRST_FRAME = 255;

export function firstFrame(tokens: number): Float32Array {
  return new Float32Array(tokens).fill(FIRST_FRAME);
}

export interface VideoRows {
  /** [frames · tokens, width] */
  readonly rows: Float32Array;
  readonly frames: number;
  /** Rows of one frame. */
  readonly tokens: number;
}

/** How far each row is from the same one a frame earlier: 1 − cosine, [frames · tokens]. */
export async function dissimilarity(
  backend: Backend,
  { rows, frames, tokens }: VideoRows,
): Promise<Float32Array> {
  const differences = new Float32Array(frames * tokens);
  differences.set(firstFrame(tokens));
  if (frames === 1) return differences;
  const step: Step = backend.begin();
  const all = step.input(rows, frames * tokens);
  const later = (frames - 1) * tokens;
  const found = step.cosineDistance(rowsOf(all, tokens, later), rowsOf(all, 0, later));
  const [values] = await step.read(found);
  differences.set(values!, tokens);
  return differences;
}

/** Rows that are kept of a video: known before any of them is computed. rate: 0 to below 1. */
export function retainedRows(frames: number, tokens: number, rate: number): number {
  return Math.max(tokens, Math.trunc(tokens * frames * (1 - rate)));
}

/**
 * Each row's place in the order in which rows are kept: the most different first, the earlier of
 * equal ones first. Whatever the rate, the rows that are kept of a video are those whose rank is
 * below retainedRows.
 */
export function retentionRanks(differences: Float32Array): Uint32Array {
  const order = Uint32Array.from(differences.keys());
  order.sort((a, b) => differences[b]! - differences[a]! || a - b);
  const ranks = new Uint32Array(order.length);
  order.forEach((row, rank) => {
    ranks[row] = rank;
  });
  return ranks;
}

/** 1 for each row that is kept, of the `count` that are. */
export function retentionMask(differences: Float32Array, count: number): Uint8Array {
  return Uint8Array.from(retentionRanks(differences), (rank) => (rank < count ? 1 : 0));
}
