import type { Usage } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { costOf, FREE, type PicoUsd, type Prices, totalOf } from "../core/prices.ts";

/** Limits of a tenant. Undefined: unlimited. */
export interface TenantLimits {
  readonly requestsPerMinute?: number;
  /** Tokens of prompts and answers together. */
  readonly tokensPerMinute?: number;
  readonly concurrentRequests?: number;
}

/** Usage of a tenant since the server was started. */
export interface TenantUsage {
  readonly requests: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cost: PicoUsd;
}

export interface Allowance {
  readonly limit: number;
  readonly remaining: number;
  /** Time until the allowance is full again. */
  readonly resetMs: number;
}

export interface Allowances {
  readonly requests?: Allowance;
  readonly tokens?: Allowance;
}

/** The tokens that a request reserves until it is settled. */
export interface TokenEstimate {
  readonly tokens: number;
  /** Identifies the request: its answers are admitted together. */
  readonly request: object;
}

/** An admitted request. */
export interface Admission {
  /** Changes the number of reserved tokens, as more becomes known. */
  reserve(tokens: number): void;
  /** Records the computed tokens and their cost; only the first call counts. */
  settle(usage: Usage, prices?: Prices): void;
  /** Ends the request. */
  end(): void;
}

const MINUTE_MS = 60_000;

/** A token bucket that refills evenly up to one minute's amount. It may be overdrawn. */
class Bucket {
  readonly perMinute: number;
  private level: number;
  private filledAt: number;

  constructor(perMinute: number, nowMs: number) {
    this.perMinute = perMinute;
    this.level = perMinute;
    this.filledAt = nowMs;
  }

  levelAt(nowMs: number): number {
    // the clock may be set back
    const filled = (Math.max(0, nowMs - this.filledAt) / MINUTE_MS) * this.perMinute;
    this.level = Math.min(this.perMinute, this.level + filled);
    this.filledAt = nowMs;
    return this.level;
  }

  take(amount: number, nowMs: number): void {
    this.level = this.levelAt(nowMs) - amount;
  }

  /** Milliseconds until `amount` is available. */
  waitMs(amount: number, nowMs: number): number {
    const missing = amount - this.levelAt(nowMs);
    return Math.max(0, Math.ceil((missing / this.perMinute) * MINUTE_MS));
  }

  allowance(nowMs: number): Allowance {
    const remaining = Math.max(0, Math.floor(this.levelAt(nowMs)));
    return { limit: this.perMinute, remaining, resetMs: this.waitMs(this.perMinute, nowMs) };
  }
}

interface Account {
  requests: Bucket | undefined;
  tokens: Bucket | undefined;
  running: number;
  /** Requests with reserved tokens, and how many of their answers run. */
  readonly reserving: Map<object, number>;
  readonly usage: { -readonly [K in keyof TenantUsage]: TenantUsage[K] };
}

/** The buckets of the current limits: a limit may have been removed since. */
function limiting(
  { requests, tokens }: Account,
  { requestsPerMinute, tokensPerMinute }: TenantLimits,
): Partial<Pick<Account, "requests" | "tokens">> {
  return {
    ...(requestsPerMinute !== undefined && { requests }),
    ...(tokensPerMinute !== undefined && { tokens }),
  };
}

/**
 * Counts the tenants' usage and enforces their limits, in memory.
 *
 * Tokens are reserved by an estimate when a request is admitted and settled when it ends. A key
 * with nothing running may start a request if it has any tokens left, so one request can overdraw
 * it. Beside running requests the estimate must fit, so parallel requests cannot.
 */
export class Tenants {
  private readonly accounts = new Map<string, Account>();
  private readonly nowMs: () => number;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** Throws what `acquire` would throw, without admitting a request. */
  check(tenant: string, limits: TenantLimits, estimate?: TokenEstimate): void {
    const account = this.accountOf(tenant, limits);
    const now = this.nowMs();
    const { requests, tokens } = limiting(account, limits);
    const { concurrentRequests } = limits;
    if (concurrentRequests !== undefined && account.running >= concurrentRequests) {
      throw refusal(`${account.running} requests of this key are running`, "concurrency", 1000);
    }
    const requestWait = requests?.waitMs(1, now) ?? 0;
    if (requestWait > 0) {
      throw refusal(`this key may send ${requests!.perMinute} a minute`, "requests", requestWait);
    }
    const isFurtherAnswer = estimate !== undefined && account.reserving.has(estimate.request);
    if (tokens === undefined || isFurtherAnswer) return;
    const needed = tokensNeeded(account, tokens.perMinute, estimate);
    const tokenWait = tokens.waitMs(needed, now);
    if (tokenWait === 0) return;
    const beside = needed > 1 ? `, and this request may need ${needed} beside those running` : "";
    const why = `this key may use ${tokens.perMinute} tokens a minute${beside}`;
    throw refusal(why, "tokens", tokenWait);
  }

  /** Admits a request. Throws rate_limited with the time after which to retry. */
  acquire(tenant: string, limits: TenantLimits, estimate?: TokenEstimate): Admission {
    const admission = this.admit(tenant, limits, estimate);
    const account = this.accountOf(tenant, limits);
    account.requests?.take(1, this.nowMs());
    account.usage.requests += 1;
    return admission;
  }

  /** Admits work that counts as running, but not against the requests per minute. */
  acquireUncounted(tenant: string, limits: TenantLimits): Admission {
    return this.admit(tenant, limits);
  }

  private admit(tenant: string, limits: TenantLimits, estimate?: TokenEstimate): Admission {
    this.check(tenant, limits, estimate);
    const account = this.accountOf(tenant, limits);
    account.running += 1;
    const admission = this.admissionFor(account, estimate?.request);
    if (estimate) admission.reserve(estimate.tokens);
    return admission;
  }

  /** The rest of each limit. Undefined parts have no limit. */
  allowances(tenant: string, limits: TenantLimits): Allowances {
    const { requests, tokens } = limiting(this.accountOf(tenant, limits), limits);
    const now = this.nowMs();
    return {
      ...(requests && { requests: requests.allowance(now) }),
      ...(tokens && { tokens: tokens.allowance(now) }),
    };
  }

  usage(tenant: string): TenantUsage {
    const { usage } = this.accountOf(tenant, {});
    return { ...usage };
  }

  private admissionFor(account: Account, request: object | undefined): Admission {
    const { tokens, reserving } = account; // the limit may change while the request runs
    if (request) reserving.set(request, (reserving.get(request) ?? 0) + 1);
    let reserved = 0;
    let settled = false;
    let ended = false;
    const reserve = (amount: number): void => {
      tokens?.take(amount - reserved, this.nowMs());
      reserved = amount;
    };
    return {
      reserve: (amount) => {
        if (!settled && !ended) reserve(amount);
      },
      settle: (usage, prices = FREE) => {
        if (settled) return;
        settled = true;
        reserve(usage.promptTokens + usage.completionTokens);
        account.usage.promptTokens += usage.promptTokens;
        account.usage.completionTokens += usage.completionTokens;
        account.usage.cost +=
          usage.cost === undefined ? costOf(prices, usage) : totalOf(usage.cost);
      },
      end: () => {
        if (ended) return;
        ended = true;
        account.running -= 1;
        if (!settled) reserve(0);
        if (request) release(reserving, request);
      },
    };
  }

  private accountOf(tenant: string, limits: TenantLimits): Account {
    const now = this.nowMs();
    let account = this.accounts.get(tenant);
    if (account === undefined) {
      const usage = { requests: 0, promptTokens: 0, completionTokens: 0, cost: 0n };
      const reserving = new Map<object, number>();
      account = { requests: undefined, tokens: undefined, running: 0, reserving, usage };
      this.accounts.set(tenant, account);
    }
    const { requestsPerMinute, tokensPerMinute } = limits;
    if (requestsPerMinute !== undefined && account.requests?.perMinute !== requestsPerMinute) {
      account.requests = new Bucket(requestsPerMinute, now);
    }
    if (tokensPerMinute !== undefined && account.tokens?.perMinute !== tokensPerMinute) {
      account.tokens = new Bucket(tokensPerMinute, now);
    }
    return account;
  }
}

/** Tokens that must be left so that a request may start. */
function tokensNeeded(
  { reserving }: Account,
  perMinute: number,
  estimate: TokenEstimate | undefined,
): number {
  if (estimate === undefined) return 1;
  return reserving.size === 0 ? 1 : Math.max(1, Math.min(estimate.tokens, perMinute));
}

function release(reserving: Map<object, number>, request: object): void {
  const left = (reserving.get(request) ?? 1) - 1;
  if (left > 0) reserving.set(request, left);
  else reserving.delete(request);
}

function refusal(why: string, limit: string, retryAfterMs: number): VireoError {
  const seconds = Math.ceil(retryAfterMs / 1000);
  const message = `${why}; try again in ${seconds} s`;
  return new VireoError("rate_limited", message, { retryAfterMs, metadata: { limit } });
}
