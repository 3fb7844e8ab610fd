import type { Context } from "hono";
import type { Env } from "../context.ts";
import type { Metrics } from "../metrics.ts";

export function metrics(counted: Metrics) {
  return async (c: Context<Env>): Promise<Response> =>
    c.body(await counted.text(), 200, { "content-type": counted.contentType });
}
