/** A waiting entry. */
export interface Waiting<T> {
  readonly item: T;
  readonly tenant: string;
  readonly request: object;
  readonly cost: number;
}

/** Owner and size of a piece of work. */
export interface Turn {
  readonly tenant: string;
  /** Units of work, such as megapixels. Default: 1. */
  readonly cost?: number;
  /** Pieces of one request alternate with those of the tenant's other requests. Default: alone. */
  readonly request?: object;
}

interface Account<T> {
  /** Waiting entries by request; the request whose turn is next comes first. */
  readonly requests: Map<object, Waiting<T>[]>;
  /** Virtual time at which its next entry starts. */
  start: number;
  /** The tenant had used less than its share when this entry began to wait. */
  isBehind: boolean;
  entries: number;
  waitingCost: number;
}

/**
 * Selects the next piece of work by fair queueing with virtual time: first between tenants, then
 * round robin between the requests of a tenant.
 *
 * Each tenant has a virtual clock that advances by the cost of its work. The shared clock is the
 * earliest clock of the waiting tenants. A tenant is *light* if it adds a single entry while its
 * clock is not ahead of the shared one; light tenants go first. Among the others, the work with the
 * earliest virtual end goes first; ties go to the tenant with the least work. A light tenant
 * therefore waits only for other light tenants, never for the backlog of busy ones, and busy
 * tenants get equal shares. An idle tenant accumulates no credit.
 *
 * Pure: no promises and no time. Selection is linear in the number of waiting tenants.
 */
export class FairOrder<T> {
  private readonly accounts = new Map<string, Account<T>>();
  private clock = 0;
  private entries = 0;
  private cost = 0;

  /** Number of waiting entries. */
  get size(): number {
    return this.entries;
  }

  /** Cost of all waiting entries. */
  get waitingCost(): number {
    return this.cost;
  }

  waitingCostOf(tenant: string): number {
    return this.accounts.get(tenant)?.waitingCost ?? 0;
  }

  /** True if another tenant has a waiting entry. */
  othersWait(tenant: string): boolean {
    return this.entries > (this.accounts.get(tenant)?.entries ?? 0);
  }

  push(item: T, { tenant, cost = 1, request = {} }: Turn): Waiting<T> {
    const account = this.accountOf(tenant);
    if (account.entries === 0) {
      account.isBehind = account.start <= this.clock;
      account.start = Math.max(account.start, this.clock);
    }
    const entry = { item, tenant, request, cost };
    const sameRequest = account.requests.get(request);
    if (sameRequest) sameRequest.push(entry);
    else account.requests.set(request, [entry]);
    this.count(account, 1, cost);
    return entry;
  }

  /** The next entry, among those that `accepts` admits; each tenant offers one. */
  next(accepts?: (tenant: string, cost: number) => boolean): Waiting<T> | undefined {
    this.advanceClock();
    let best: Account<T> | undefined;
    for (const [tenant, account] of this.accounts) {
      const head = headOf(account);
      if (head === undefined || accepts?.(tenant, head.cost) === false) continue;
      if (best === undefined || isBefore(account, best)) best = account;
    }
    return best && headOf(best);
  }

  /** Removes the entry that `next` returned, and charges its tenant. */
  take(entry: Waiting<T>): void {
    const account = this.accounts.get(entry.tenant);
    if (account === undefined || !this.drop(account, entry)) return;
    account.start += entry.cost;
    account.isBehind = false;
    // The tenant's other requests go before this request's next entry.
    const rest = account.requests.get(entry.request);
    if (rest === undefined) return;
    account.requests.delete(entry.request);
    account.requests.set(entry.request, rest);
  }

  /** Removes a waiting entry. Returns false if it is not waiting. */
  remove(entry: Waiting<T>): boolean {
    const account = this.accounts.get(entry.tenant);
    return account !== undefined && this.drop(account, entry);
  }

  /** Resets the usage of all tenants. Nothing may be waiting. */
  forget(): void {
    if (this.entries > 0) return;
    this.accounts.clear();
    this.clock = 0;
  }

  private accountOf(tenant: string): Account<T> {
    const known = this.accounts.get(tenant);
    if (known) return known;
    const account = { requests: new Map(), start: 0, isBehind: true, entries: 0, waitingCost: 0 };
    this.accounts.set(tenant, account);
    return account;
  }

  /** Advances the shared clock to the earliest waiting tenant, and drops idle tenants behind it. */
  private advanceClock(): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { entries, start } of this.accounts.values()) {
      if (entries > 0) earliest = Math.min(earliest, start);
    }
    if (earliest < Number.POSITIVE_INFINITY) this.clock = Math.max(this.clock, earliest);
    for (const [tenant, { entries, start }] of this.accounts) {
      if (entries === 0 && start <= this.clock) this.accounts.delete(tenant);
    }
  }

  private drop(account: Account<T>, entry: Waiting<T>): boolean {
    const entries = account.requests.get(entry.request);
    const index = entries?.indexOf(entry) ?? -1;
    if (!entries || index < 0) return false;
    entries.splice(index, 1);
    if (entries.length === 0) account.requests.delete(entry.request);
    this.count(account, -1, -entry.cost);
    return true;
  }

  private count(account: Account<T>, entries: number, cost: number): void {
    this.entries += entries;
    account.entries += entries;
    // Resets rounding errors of sums of fractions.
    this.cost = this.entries === 0 ? 0 : this.cost + cost;
    account.waitingCost = account.entries === 0 ? 0 : account.waitingCost + cost;
  }
}

/** Both have entries. */
function isBefore<T>(one: Account<T>, other: Account<T>): boolean {
  const isLight = ({ isBehind, entries }: Account<T>) => isBehind && entries === 1;
  if (isLight(one) !== isLight(other)) return isLight(one);
  const endOf = (account: Account<T>) => account.start + (headOf(account)?.cost ?? 0);
  const later = endOf(one) - endOf(other);
  return later === 0 ? one.waitingCost < other.waitingCost : later < 0;
}

function headOf<T>({ requests }: Account<T>): Waiting<T> | undefined {
  const [first] = requests.values();
  return first?.[0];
}
