// Efficient Video Sampling: of a video's projected rows, those that differ least from the same
// place one frame earlier are left out.                                Source: MODEL.md § Video.

/** Every row of the first frame comes before all others. */
const FIRST_FRAME = 255;
const LEAST_NORM = 1e-8;

/** One frame's rows with their lengths. */
export interface FrameRows {
  /** [tokens, width] */
  readonly rows: Float32Array;
  readonly norms: Float64Array;
}

/** tokens: rows of the frame. */
export function measureFrame(rows: Float32Array, tokens: number): FrameRows {
  const width = rows.length / tokens;
  const norms = Float64Array.from({ length: tokens }, (_, row) => {
    return Math.max(Math.sqrt(dot(rows, row * width, rows, row * width, width)), LEAST_NORM);
  });
  return { rows, norms };
}

/** 1 − cosine of each row to the same one of the frame before, [tokens]. */
export function compareFrames(frame: FrameRows, before: FrameRows | undefined): Float32Array {
  const { rows, norms } = frame;
  const width = rows.length / norms.length;
  return Float32Array.from(norms, (norm, row) => {
    if (before === undefined) return FIRST_FRAME;
    const product = dot(rows, row * width, before.rows, row * width, width);
    return 1 - product / (norm * before.norms[row]!);
  });
}

export interface VideoRows {
  /** [frames · tokens, width] */
  readonly rows: Float32Array;
  readonly frames: number;
  /** Rows of one frame. */
  readonly tokens: number;
}

/** The differences of all frames, [frames · tokens]. */
export function dissimilarity({ rows, frames, tokens }: VideoRows): Float32Array {
  const length = rows.length / frames;
  const differences = new Float32Array(frames * tokens);
  let before: FrameRows | undefined;
  for (let frame = 0; frame < frames; frame++) {
    const measured = measureFrame(rows.subarray(frame * length, (frame + 1) * length), tokens);
    differences.set(compareFrames(measured, before), frame * tokens);
    before = measured;
  }
  return differences;
}

/** Of `width` values of a from place `at` on, and of b from place `to` on. */
function dot(a: Float32Array, at: number, b: Float32Array, to: number, width: number): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += a[at + i]! * b[to + i]!;
  return sum;
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
