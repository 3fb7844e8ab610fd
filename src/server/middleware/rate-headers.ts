import type { MiddlewareHandler } from "hono";
import type { Allowance, Tenants } from "../../limits/tenants.ts";
import type { Env, RouteOptions } from "../context.ts";

/** Sets OpenAI's rate limit headers: the remaining requests and tokens of a key. */
export function rateHeaders({ tenants, keys }: RouteOptions): MiddlewareHandler<Env> {
  return async (c, next) => {
    await next();
    const tenant = c.get("tenant");
    const { requests, tokens } = allowancesOf(tenants, tenant, keys);
    const say = (what: string, allowance: Allowance | undefined): void => {
      if (allowance === undefined) return;
      const { headers } = c.res;
      headers.set(`x-ratelimit-limit-${what}`, String(allowance.limit));
      headers.set(`x-ratelimit-remaining-${what}`, String(allowance.remaining));
      headers.set(`x-ratelimit-reset-${what}`, showDuration(allowance.resetMs));
    };
    say("requests", requests);
    say("tokens", tokens);
  };
}

function allowancesOf(tenants: Tenants, tenant: string, keys: RouteOptions["keys"]) {
  return tenants.allowances(tenant, keys?.limitsOf(tenant) ?? {});
}

/** Formats 61500 ms as "1m2s", rounded up to whole seconds. */
function showDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}
