import type { PredictedTime } from "../core/estimate.ts";

/** A turn with work for others may take so many times as long as a step of the streams alone. */
const SLOWDOWN = 1.8;
const MIN_ROWS = 16;
/** Weight of the newest observation. */
const NEWEST = 0.2;

/**
 * Chooses how much of prompts and pictures is computed between two tokens of running streams, so
 * that these keep their pace. It learns from what ran what a decode step, a prompt row and a block
 * of the vision tower cost here.
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
   * Prompt rows of the next step beside `decodeRows` streams. spentMs: what this turn has given to
   * pictures already.
   */
  promptRows(decodeRows: number, maxRows: number, spentMs = 0): number {
    if (decodeRows === 0) return maxRows;
    const rows = this.affordable(this.rowMs, spentMs);
    return Math.min(Math.max(rows, MIN_ROWS), maxRows);
  }

  /** Blocks of a tile that are encoded before the next step, 1 at least. */
  blocks(streams: number, maxBlocks: number): number {
    if (streams === 0) return maxBlocks;
    return Math.min(Math.max(this.affordable(this.blockMs, 0), 1), maxBlocks);
  }

  /** Undefined as long as nothing of the kind has run. */
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
