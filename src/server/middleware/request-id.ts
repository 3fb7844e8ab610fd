import { randomUUID } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { Log } from "../../core/log.ts";
import type { Env } from "../context.ts";

/**
 * Gives each request an id, returns it in a header and logs one line. A caller's own id is kept if
 * it is plain. The log contains only method, path, status and duration.
 */
export function requestId(log: Log, now: () => number): MiddlewareHandler<Env> {
  return async (c, next) => {
    const given = c.req.header("x-request-id") ?? "";
    const id = /^[\w.-]{1,128}$/.test(given) ? given : `req_${randomUUID().replaceAll("-", "")}`;
    const begun = now();
    c.set("requestId", id);
    c.set("tenant", "");
    await next();
    const ms = Math.round(now() - begun);
    const { headers } = c.res; // c.header would make a new Response now, each time
    headers.set("x-request-id", id);
    headers.set("openai-processing-ms", String(ms));
    headers.set("x-content-type-options", "nosniff");
    const { method, path } = c.req;
    log("info", "request", {
      requestId: id,
      method,
      path: path.slice(0, 200),
      status: c.res.status,
      ms,
    });
  };
}
