import { addCount } from "../core/counts.ts";
import { VireoError } from "../core/errors.ts";
import { isWithinShare } from "../core/fair-share.ts";

/** A place in front of the engine. */
export interface Place {
  /** Frees the place; only the first call has an effect. */
  readonly leave: () => void;
}

const MIN_RETRY_MS = 1000;

/**
 * The places for requests that are prepared or wait for a slot.
 *
 * A tenant may take as many as it leaves free: half of them alone, a third each if there are two.
 * So nobody is refused because of another tenant's requests.
 */
export class Places {
  private readonly places: number;
  private readonly waitMs: () => number;
  private readonly taken = new Map<string, number>();
  private used = 0;

  /** waitMs: estimate of how long a new request waits. */
  constructor(places: number, waitMs: () => number) {
    this.places = places;
    this.waitMs = waitMs;
  }

  /** Throws queue_full with the tenant's own share and the time after which to retry. */
  take(tenant: string): Place {
    const own = this.taken.get(tenant) ?? 0;
    if (!isWithinShare(own + 1, this.used + 1, this.places)) throw this.full(own);
    addCount(this.taken, tenant, 1);
    this.used += 1;
    let isTaken = true;
    const leave = (): void => {
      if (!isTaken) return;
      isTaken = false;
      this.used -= 1;
      addCount(this.taken, tenant, -1);
    };
    return { leave };
  }

  private full(own: number): VireoError {
    const retryAfterMs = Math.max(MIN_RETRY_MS, Math.round(this.waitMs()));
    const seconds = Math.ceil(retryAfterMs / 1000);
    const text =
      `${own} of your requests are waiting, which is your share of ${this.places} places now; ` +
      `try again in about ${seconds} s`;
    const metadata = { waiting: own, places: this.places };
    return new VireoError("queue_full", text, { retryAfterMs, metadata });
  }
}
