import { firstFrame, retentionMask, retentionRanks } from "./evs.ts";

/** Rows of a video after pruning. */
export interface PrunedRows {
  /** Rows kept of each frame: [rows kept, hidden]. */
  readonly values: readonly Float32Array[];
  /** Number of rows kept of each frame. */
  readonly tileTokens: readonly number[];
}

/** Distances between each frame's rows and those of the frame before; EVS ranks rows by them. */
export class FrameDistances {
  private readonly tokensPerFrame: number;
  /** For each frame [tokensPerFrame]. */
  private readonly frames: Float32Array[];

  constructor(tokensPerFrame: number, frames: readonly Float32Array[] = []) {
    this.tokensPerFrame = tokensPerFrame;
    this.frames = [...frames];
  }

  copy(): FrameDistances {
    return new FrameDistances(this.tokensPerFrame, this.frames);
  }

  /** distances: undefined for the first frame. */
  add(distances: Float32Array | undefined): void {
    this.frames.push(distances ?? firstFrame(this.tokensPerFrame));
  }

  /** Rank of each row for EVS, [frames · tokensPerFrame]. */
  ranks(): Uint32Array {
    return retentionRanks(concatenated(this.frames));
  }

  /** Keeps `count` rows of all frames. values: rows of each frame, [tokensPerFrame, hidden]. */
  prune(values: readonly Float32Array[], count: number): PrunedRows {
    const tokens = this.tokensPerFrame;
    const mask = retentionMask(concatenated(this.frames), count);
    const pruned = values.map((rows, frame) => {
      return selectRows(rows, mask.subarray(frame * tokens, (frame + 1) * tokens));
    });
    const width = values[0] ? values[0].length / tokens : 1;
    return { values: pruned, tileTokens: pruned.map(({ length }) => length / width) };
  }
}

/** Rows whose mask is 1; the same array if all are. */
function selectRows(rows: Float32Array, mask: Uint8Array): Float32Array {
  const selected = [...mask.keys()].filter((row) => mask[row] === 1);
  if (selected.length === mask.length) return rows;
  const width = rows.length / mask.length;
  const values = new Float32Array(selected.length * width);
  selected.forEach((row, at) => {
    values.set(rows.subarray(row * width, (row + 1) * width), at * width);
  });
  return values;
}

function concatenated(pieces: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
