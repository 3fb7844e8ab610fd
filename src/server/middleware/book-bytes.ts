import type { MiddlewareHandler } from "hono";
import { ByteBudget } from "../../core/byte-budget.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Env } from "../context.ts";
import { releaseAtEnd } from "../stream-end.ts";

/**
 * Bounds the memory of all request bodies together. A request keeps its booking until its answer
 * has ended, because its media stay in memory until then.
 */
export function bookBytes(): MiddlewareHandler<Env> {
  const budget = new ByteBudget({
    maxBytes: LIMITS.memory.bodyBytes,
    maxTenantBytes: LIMITS.memory.bodyBytesPerTenant,
    contents: "request bodies",
  });
  return async (c, next) => {
    c.set("memory", budget);
    await releaseAtEnd(c, next, () => c.get("booking")?.release());
  };
}
