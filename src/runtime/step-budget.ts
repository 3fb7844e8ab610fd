import type { PredictedTime } from "../core/estimate.ts";

/** Maximum time of a step with prompt or tile work, as a multiple of a decode-only step. */
const SLOWDOWN = 1.8;
const MIN_ROWS = 16;
/** Weight of the newest observation. */
const NEWEST = 0.2;

/**
 * Limits the prompt rows and tile blocks computed between two tokens of running streams, so that
 * streams keep their speed. It measures the costs of a decode step, a prompt row and a block of the
 * vision tower as moving averages.
 */
export class StepBudget {
  private decodeMs: number | undefined;
  private rowMs: number | undefined;
  private blockMs: number | undefined;

  observeStep(decodeRows: number, promptRows: number, ms: number): void {
    if (promptRows === 0) {
      if (decodeRows > 0) this.decodeMs = blend(this.decodeMs, ms);
      return;
    }
    const decodeMs = decodeRows > 0 ? (this.decodeMs ?? 0) : 0;
    this.rowMs = blend(this.rowMs, Math.max(0, ms - decodeMs) / promptRows);
  }

  observeBlocks(blocks: number, ms: number): void {
    this.blockMs = blend(this.blockMs, ms / blocks);
  }

  /**
   * Prompt rows of the next step beside `decodeRows` streams. spentMs: time that this turn has
   * spent on tiles already.
   */
  promptRows(decodeRows: number, maxRows: number, spentMs = 0): number {
    if (decodeRows === 0) return maxRows;
    const rows = this.affordable(this.rowMs, spentMs);
    return Math.min(Math.max(rows, MIN_ROWS), maxRows);
  }

  /** Blocks of a tile to encode before the next step, at least 1. */
  blocks(streams: number, maxBlocks: number): number {
    if (streams === 0) return maxBlocks;
    return Math.min(Math.max(this.affordable(this.blockMs, 0), 1), maxBlocks);
  }

  /** Undefined until each kind of work has been measured. */
  predict(tiles: number, blocksPerTile: number, promptRows: number): PredictedTime | undefined {
    const { decodeMs, rowMs, blockMs } = this;
    if (decodeMs === undefined || rowMs === undefined) return undefined;
    if (tiles > 0 && blockMs === undefined) return undefined;
    const encodeMs = tiles * blocksPerTile * (blockMs ?? 0);
    return { firstTokenMs: encodeMs + promptRows * rowMs, tokenMs: decodeMs };
  }

  private affordable(eachMs: number | undefined, spentMs: number): number {
    if (this.decodeMs === undefined || eachMs === undefined || eachMs === 0) return 0;
    return Math.floor(((SLOWDOWN - 1) * this.decodeMs - spentMs) / eachMs);
  }
}

function blend(before: number | undefined, now: number): number {
  return before === undefined ? now : before + NEWEST * (now - before);
}
