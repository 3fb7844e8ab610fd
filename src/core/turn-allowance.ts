/**
 * Bounds the work that requests do at once on the event loop, in sum: many small requests that
 * arrive in one turn of the loop block it as long as a large one does.
 */
export class TurnAllowance {
  private readonly max: number;
  private used = 0;

  /** max: work of one turn, in any unit. */
  constructor(max: number) {
    this.max = max;
  }

  /** True if the work fits into the rest of this turn; it is then taken. */
  take(work: number): boolean {
    if (this.used + work > this.max) return false;
    if (this.used === 0) {
      setImmediate(() => {
        this.used = 0;
      });
    }
    this.used += work;
    return true;
  }
}
