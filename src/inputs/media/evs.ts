// Efficient Video Sampling (EVS): drops the projected rows of a video that differ least from the
// row at the same place one frame earlier. Source: MODEL.md § Video.

import { type Backend, rows as rowsOf, type Step } from "../../backends/backend.ts";

/** Distance of the first frame's rows, above any real one: they rank first. */
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

/** Distance of each row from the same row one frame earlier: 1 − cosine, [frames · tokens]. */
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

/** Number of rows that a video keeps. rate: share to drop, 0 to below 1. */
export function retainedRows(frames: number, tokens: number, rate: number): number {
  return Math.max(tokens, Math.trunc(tokens * frames * (1 - rate)));
}

/**
 * Rank of each row: the largest distance first, the earlier of equal ones first. At every rate, the
 * rows with a rank below retainedRows are kept.
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

/** 1 for each of the `count` rows to keep, 0 for the others. */
export function retentionMask(differences: Float32Array, count: number): Uint8Array {
  return Uint8Array.from(retentionRanks(differences), (rank) => (rank < count ? 1 : 0));
}
