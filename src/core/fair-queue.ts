import { VireoError } from "./errors.ts";
import { FairOrder, type Turn } from "./fair-order.ts";
import { isWithinShare } from "./fair-share.ts";

export interface FairQueueOptions {
  /** Things that are worked on, in the plural, for messages: "pictures". */
  readonly things: string;
  /** Unit of the costs, for messages: "megapixels". */
  readonly unit: string;
  /** Tasks that run at once. */
  readonly slots: number;
  /** Further slots, which only a tenant with no running task may take. Default: 0. */
  readonly reservedSlots?: number;
  /** Cost of all waiting tasks; each tenant may hold as much of it as it leaves free. */
  readonly maxWaitingCost: number;
  /** Milliseconds. Default: performance.now. */
  readonly now?: () => number;
}

export interface QueuedTurn extends Turn {
  /** Removes the task from the queue while it waits. */
  readonly signal?: AbortSignal | undefined;
}

interface Entry {
  readonly tenant: string;
  readonly start: () => void;
}

const MIN_RETRY_MS = 1000;
/** Weight of the newest measurement of speed. */
const NEWEST = 0.2;

/**
 * Runs a bounded number of tasks at once and lets tenants take turns, then the requests of each
 * tenant. FairOrder decides who is next.
 *
 * Guarantee: a tenant that uses less than its share waits for at most two units of work, the
 * shortest that runs when it comes and one of another such tenant's, whatever the busy tenants have
 * queued. A task that runs is never interrupted, so a unit is one task: cut long work into tasks.
 */
export class FairQueue {
  private readonly options: FairQueueOptions;
  private readonly order = new FairOrder<Entry>();
  private readonly running = new Map<string, number>();
  private runningTasks = 0;
  private msPerCost = 0;

  constructor(options: FairQueueOptions) {
    this.options = options;
  }

  get waiting(): number {
    return this.order.size;
  }

  /** True if another tenant waits, so that long work of this one should give up its slot. */
  isWanted(tenant: string): boolean {
    return this.order.othersWait(tenant);
  }

  /**
   * Runs a task in its turn. Throws what the task throws, the signal's reason while the task waits,
   * and queue_full if the tenant has queued more than its share.
   */
  async run<T>(turn: QueuedTurn, task: () => Promise<T>): Promise<T> {
    turn.signal?.throwIfAborted();
    await this.enter(turn);
    const { now = () => performance.now() } = this.options;
    const started = now();
    try {
      return await task();
    } finally {
      this.observe((now() - started) / (turn.cost ?? 1));
      this.leave(turn.tenant);
    }
  }

  private async enter(turn: QueuedTurn): Promise<void> {
    const { tenant, signal } = turn;
    let started = false;
    let wake = (): void => {};
    const start = (): void => {
      started = true;
      wake();
    };
    const entry = this.order.push({ tenant, start }, turn);
    this.dispatch();
    if (started) return;
    const own = this.order.waitingCostOf(tenant);
    if (!isWithinShare(own, this.order.waitingCost, this.options.maxWaitingCost)) {
      this.order.remove(entry);
      throw this.full(own - entry.cost);
    }
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        if (this.order.remove(entry)) reject(signal?.reason);
      };
      wake = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  private leave(tenant: string): void {
    const left = (this.running.get(tenant) ?? 1) - 1;
    if (left > 0) this.running.set(tenant, left);
    else this.running.delete(tenant);
    this.runningTasks -= 1;
    if (this.runningTasks === 0) this.order.forget();
    this.dispatch();
  }

  private dispatch(): void {
    const { slots, reservedSlots = 0 } = this.options;
    const hasNone = (tenant: string): boolean => !this.running.has(tenant);
    while (this.runningTasks < slots + reservedSlots) {
      const entry = this.order.take(this.runningTasks < slots ? undefined : hasNone);
      if (entry === undefined) return;
      this.runningTasks += 1;
      this.running.set(entry.tenant, (this.running.get(entry.tenant) ?? 0) + 1);
      entry.start();
    }
  }

  private observe(msPerCost: number): void {
    const before = this.msPerCost === 0 ? msPerCost : this.msPerCost;
    this.msPerCost = before + NEWEST * (msPerCost - before);
  }

  private full(waiting: number): VireoError {
    const { things, unit, slots, maxWaitingCost: limit } = this.options;
    const waitMs = (this.order.waitingCost * this.msPerCost) / slots;
    const retryAfterMs = Math.max(MIN_RETRY_MS, Math.round(waitMs));
    const share = Math.round(waiting);
    const message =
      `this key has ${share} ${unit} of ${things} waiting, its share of ${limit} for all keys; ` +
      `try again in about ${Math.ceil(retryAfterMs / 1000)} s, or send less at once`;
    return new VireoError("queue_full", message, { retryAfterMs, metadata: { share, limit } });
  }
}
