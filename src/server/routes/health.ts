import type { Context } from "hono";
import type { Env, RouteOptions } from "../context.ts";

/** The process is alive. */
export function live(c: Context<Env>): Response {
  return c.json({ object: "health.response", message: "Service is live." });
}

/** The model is ready. */
export function ready({ upstream }: RouteOptions) {
  return (c: Context<Env>): Response => {
    if (upstream.ready) return c.json({ object: "health.response", message: "Service is ready." });
    c.header("retry-after", "1");
    return c.json({ object: "health.response", message: "Service is not ready." }, 503);
  };
}
