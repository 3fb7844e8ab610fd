/** A step with prompt rows may take so many times as long as one without. */
const SLOWDOWN = 2;
const ROWS_LEAST = 16;
/** Weight of the newest observation. */
const NEWEST = 0.2;

/**
 * Chooses how many rows of prompts a step may hold, so that running streams keep their pace while
 * others are read. It learns from the steps that ran what a decode step and a prompt row cost here.
 */
export class Pace {
  private decodeMs: number | undefined;
  private rowMs: number | undefined;

  observe(decodeRows: number, promptRows: number, ms: number): void {
    if (promptRows === 0) {
      if (decodeRows > 0) this.decodeMs = blend(this.decodeMs, ms);
      return;
    }
    const decodeMs = decodeRows > 0 ? (this.decodeMs ?? 0) : 0;
    this.rowMs = blend(this.rowMs, Math.max(0, ms - decodeMs) / promptRows);
  }

  /** decodeRows: streams that run in the same step. */
  promptRows(decodeRows: number, rowsMax: number): number {
    if (decodeRows === 0) return rowsMax;
    if (this.decodeMs === undefined || this.rowMs === undefined || this.rowMs === 0) {
      return Math.min(ROWS_LEAST, rowsMax);
    }
    const rows = Math.floor(((SLOWDOWN - 1) * this.decodeMs) / this.rowMs);
    return Math.min(Math.max(rows, ROWS_LEAST), rowsMax);
  }
}

function blend(before: number | undefined, now: number): number {
  return before === undefined ? now : before + NEWEST * (now - before);
}
