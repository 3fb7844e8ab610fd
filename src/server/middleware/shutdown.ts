import type { MiddlewareHandler } from "hono";
import type { Env } from "../context.ts";
import { type Shutdown, shuttingDown } from "../shutdown.ts";
import { releaseAtEnd } from "../stream-end.ts";

/** Refuses requests during shutdown, except liveness probes. */
export function refuseWhenClosing(shutdown: Shutdown): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (!shutdown.isClosing) return await next();
    c.header("connection", "close");
    if (/\/(health\/live|livez)$/.test(c.req.path)) return await next();
    throw shuttingDown();
  };
}

/** Passes the server's shutdown to running answers, streamed or not. */
export function endWithServer(shutdown: Shutdown): MiddlewareHandler<Env> {
  return async (c, next) => {
    const { signal, release } = shutdown.follow();
    c.set("serverEnd", signal);
    await releaseAtEnd(c, next, release);
  };
}
