import type { MiddlewareHandler } from "hono";
import { VireoError } from "../../core/errors.ts";
import type { Env } from "../context.ts";

const RETRY_AFTER_MS = 2000;

/** Refuses requests on the connections that are spared for health checks. */
export function refuseWhenCrowded(isCrowded: () => boolean = () => false): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (!isCrowded()) return await next();
    c.header("connection", "close");
    const message = "all connections of the server are in use; try again in 2 s";
    throw new VireoError("server_busy", message, { retryAfterMs: RETRY_AFTER_MS });
  };
}
