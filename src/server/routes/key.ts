import type { Context } from "hono";
import { showPrice } from "../../core/prices.ts";
import type { Env, RouteOptions } from "../context.ts";

/** Limits of the calling key, and its usage since the server was started. */
export function key({ tenants, keys }: RouteOptions) {
  return (c: Context<Env>): Response => {
    const tenant = c.get("tenant");
    const limits = keys?.limitsOf(tenant) ?? {};
    const { requests, promptTokens, completionTokens, cost } = tenants.usage(tenant);
    const data = {
      label: tenant,
      rate_limit: {
        requests_per_minute: limits.requestsPerMinute ?? null,
        tokens_per_minute: limits.tokensPerMinute ?? null,
        concurrent_requests: limits.concurrentRequests ?? null,
      },
      usage: {
        requests,
        prompt_tokens: promptTokens,
        completion_tokens: completionTokens,
        cost_usd: showPrice(cost),
      },
    };
    return c.json({ data });
  };
}
