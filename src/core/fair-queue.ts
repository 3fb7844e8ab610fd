import { addCount } from "./counts.ts";
import { VireoError } from "./errors.ts";
import { FairOrder, type Turn, type Waiting } from "./fair-order.ts";
import { isWithinShare } from "./fair-share.ts";

export interface FairQueueOptions {
  /** The subject of the tasks in the plural, for messages: "pictures". */
  readonly things: string;
  /** Unit of the costs, for messages: "megapixels". */
  readonly unit: string;
  /** Maximum number of concurrent tasks. */
  readonly slots: number;
  /** Maximum cost of all running tasks; a larger task runs alone. Default: no limit. */
  readonly maxRunningCost?: number;
  /** Additional slots, only for tenants without a running task. Default: 0. */
  readonly reservedSlots?: number;
  /** Maximum cost of a task in a reserved slot. Default: no limit. */
  readonly maxReservedCost?: number;
  /** Maximum cost of all waiting tasks; `isWithinShare` divides it between tenants. */
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
  readonly start: (isReserved: boolean) => void;
}

/** Counts of the tasks that run in the slots of one kind. */
interface Slots {
  tasks: number;
  cost: number;
}

const MIN_RETRY_MS = 1000;
/** Weight of the newest measurement of speed. */
const NEWEST = 0.2;

/**
 * Runs a limited number of concurrent tasks in the order of FairOrder, which alternates between
 * tenants and between the requests of a tenant.
 *
 * Guarantee: a tenant that uses less than its share waits for at most two tasks, whatever the busy
 * tenants have queued: the running task that ends first, and one of another light tenant. A running
 * task is never interrupted, so callers must divide long work into several tasks.
 */
export class FairQueue {
  private readonly options: FairQueueOptions;
  private readonly order = new FairOrder<Entry>();
  private readonly running = new Map<string, number>();
  private readonly regular: Slots = { tasks: 0, cost: 0 };
  private readonly reserved: Slots = { tasks: 0, cost: 0 };
  private msPerCost = 0;

  constructor(options: FairQueueOptions) {
    this.options = options;
  }

  get waiting(): number {
    return this.order.size;
  }

  /** True if another tenant waits, so that a long task of this one should release its slot. */
  isWanted(tenant: string): boolean {
    return this.order.othersWait(tenant);
  }

  /**
   * Runs a task when its turn comes. Throws the task's error, the signal's reason if it is aborted
   * before the task begins, and queue_full if the tenant has queued more than its share.
   */
  async run<T>(turn: QueuedTurn, task: () => Promise<T>): Promise<T> {
    turn.signal?.throwIfAborted();
    const isReserved = await this.enter(turn);
    const { now = () => performance.now() } = this.options;
    const started = now();
    try {
      turn.signal?.throwIfAborted(); // it may have been aborted since the turn began
      return await task();
    } finally {
      this.observe((now() - started) / costOf(turn));
      this.leave(turn, isReserved);
    }
  }

  /** Returns whether the task got a reserved slot. */
  private async enter(turn: QueuedTurn): Promise<boolean> {
    const { tenant, signal } = turn;
    let got: boolean | undefined;
    let wake = (): void => {};
    const start = (isReserved: boolean): void => {
      got = isReserved;
      wake();
    };
    const entry = this.order.push({ tenant, start }, turn);
    this.dispatch();
    if (got !== undefined) return got;
    const own = this.order.waitingCostOf(tenant);
    if (!isWithinShare(own, this.order.waitingCost, this.options.maxWaitingCost)) {
      this.order.remove(entry);
      throw this.full(own - entry.cost);
    }
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        if (!this.order.remove(entry)) return;
        reject(signal?.reason);
        this.dispatch(); // it may have been too large for the free slots
      };
      wake = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
    return got === true;
  }

  private leave(turn: QueuedTurn, isReserved: boolean): void {
    const { tenant } = turn;
    addCount(this.running, tenant, -1);
    const slots = isReserved ? this.reserved : this.regular;
    slots.tasks -= 1;
    slots.cost = slots.tasks === 0 ? 0 : slots.cost - costOf(turn);
    if (this.running.size === 0) this.order.forget();
    this.dispatch();
  }

  private dispatch(): void {
    const { maxRunningCost = Number.POSITIVE_INFINITY } = this.options;
    const { slots, reservedSlots = 0, maxReservedCost = Number.POSITIVE_INFINITY } = this.options;
    const { regular, reserved } = this;
    while (regular.tasks < slots) {
      const next = this.order.next();
      // smaller tasks do not overtake, or a large one might wait for ever
      if (next === undefined) break;
      if (regular.tasks > 0 && regular.cost + next.cost > maxRunningCost) break;
      this.start(next, regular);
    }
    const mayTake = (tenant: string, cost: number): boolean =>
      cost <= maxReservedCost && !this.running.has(tenant);
    while (reserved.tasks < reservedSlots) {
      const next = this.order.next(mayTake);
      if (next === undefined) break;
      this.start(next, reserved);
    }
  }

  private start(next: Waiting<Entry>, slots: Slots): void {
    this.order.take(next);
    slots.tasks += 1;
    slots.cost += next.cost;
    const { tenant, start } = next.item;
    addCount(this.running, tenant, 1);
    start(slots === this.reserved);
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
      `${share} ${unit} of your ${things} are waiting, which is your share of ${limit} now; ` +
      `try again in about ${Math.ceil(retryAfterMs / 1000)} s, or send less at once`;
    return new VireoError("queue_full", message, { retryAfterMs, metadata: { share, limit } });
  }
}

function costOf({ cost = 1 }: Turn): number {
  return cost;
}
