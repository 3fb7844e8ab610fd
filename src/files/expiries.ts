/** The clocks of a store of files. */
export interface FileClocks {
  /** Unix time in milliseconds, which may be set at any moment. */
  readonly now: () => number;
  /** Milliseconds that have passed; nobody sets this clock. */
  readonly elapsed: () => number;
}

/** Time for which records that have expired at start are kept, in case the clock is wrong. */
const GRACE_MS = 60 * 60_000;

interface Deadline {
  /** By the clock of elapsed time. */
  readonly atMs: number;
  /** Set for a record that was expired when it was loaded: its Unix time of expiry. */
  readonly overdueMs?: number;
}

/**
 * Decides when stored records expire.
 *
 * The time that has passed decides, not the wall clock: a clock that is set forward by three days
 * must not delete everything. Only at start the wall clock counts, because nothing else is known;
 * records that are then expired are hidden, and removed an hour later unless the clock is set back.
 */
export class Expiries {
  private readonly clocks: FileClocks;
  private readonly deadlines = new Map<string, Deadline>();

  constructor(clocks: FileClocks) {
    this.clocks = clocks;
  }

  /** Starts the lifetime of a new record, or starts it again. */
  start(id: string, lifeMs: number): void {
    this.deadlines.set(id, { atMs: this.clocks.elapsed() + lifeMs });
  }

  /** Continues the lifetime of a record of an earlier process; maxLifeMs bounds what is left. */
  resume(id: string, expiresMs: number, maxLifeMs: number): void {
    const leftMs = expiresMs - this.clocks.now();
    if (leftMs > 0) this.start(id, Math.min(leftMs, maxLifeMs));
    else this.deadlines.set(id, { atMs: this.clocks.elapsed() + GRACE_MS, overdueMs: expiresMs });
  }

  /** Whether nobody may read the record any more. */
  isOver(id: string): boolean {
    const deadline = this.deadlines.get(id);
    if (deadline === undefined) return true;
    const { atMs, overdueMs } = deadline;
    return atMs <= this.clocks.elapsed() || (overdueMs ?? Infinity) <= this.clocks.now();
  }

  /** Whether the record is to be removed. */
  isRemovable(id: string): boolean {
    const deadline = this.deadlines.get(id);
    return deadline === undefined || deadline.atMs <= this.clocks.elapsed();
  }

  forget(id: string): void {
    this.deadlines.delete(id);
  }
}
