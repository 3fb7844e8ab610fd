// Efficient Video Sampling: of a video's projected rows, those that differ least from the same
// place one frame earlier are left out.                                Source: MODEL.md § Video.

/** Every row of the first frame comes before all others. */
const FIRST_FRAME = 255;
const LEAST_NORM = 1e-8;

export interface VideoRows {
  /** [frames · tokens, width] */
  readonly rows: Float32Array;
  readonly frames: number;
  /** Rows of one frame. */
  readonly tokens: number;
}

/** 1 − cosine to the same row of the frame before, [frames · tokens]. */
export function dissimilarity({ rows, frames, tokens }: VideoRows): Float32Array {
  const count = frames * tokens;
  const width = rows.length / count;
  const norms = Float64Array.from({ length: count }, (_, row) => {
    return Math.max(Math.sqrt(dot(rows, row * width, row * width, width)), LEAST_NORM);
  });
  return Float32Array.from({ length: count }, (_, row) => {
    const before = row - tokens;
    if (before < 0) return FIRST_FRAME;
    return 1 - dot(rows, row * width, before * width, width) / (norms[row]! * norms[before]!);
  });
}

function dot(rows: Float32Array, a: number, b: number, width: number): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += rows[a + i]! * rows[b + i]!;
  return sum;
}

/** Rows that are kept of a video: known before any of them is computed. rate: 0 to below 1. */
export function retainedRows(frames: number, tokens: number, rate: number): number {
  return Math.max(tokens, Math.trunc(tokens * frames * (1 - rate)));
}

/** 1 for each row that is kept: the `count` most different, the earlier of equal ones first. */
export function retentionMask(differences: Float32Array, count: number): Uint8Array {
  const order = Uint32Array.from(differences.keys());
  order.sort((a, b) => differences[b]! - differences[a]! || a - b);
  const mask = new Uint8Array(differences.length);
  for (const row of order.subarray(0, count)) mask[row] = 1;
  return mask;
}
