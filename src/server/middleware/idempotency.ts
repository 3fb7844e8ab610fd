import type { MiddlewareHandler } from "hono";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Env } from "../context.ts";
import type { IdempotencyCache, PendingReply } from "../idempotency-cache.ts";
import { bodyOf } from "./body-limit.ts";

/** Of the request at hand, not of the answer that is sent again. */
const OF_THE_REQUEST = /^(x-request-id|request-id|openai-processing-ms|x-ratelimit-.*)$/;

/**
 * Answers a request that is sent again with the same Idempotency-Key as it was answered before,
 * with `idempotency-replayed: true`. Only whole answers of success are kept; a stream's key only
 * keeps it from being asked for twice at once.
 */
export function idempotent(replays: IdempotencyCache): MiddlewareHandler<Env> {
  return async (c, next) => {
    const key = c.req.header("idempotency-key");
    if (key === undefined || key === "") return await next();
    if (key.length > LIMITS.replayKeyCharacters) {
      const message = `the Idempotency-Key has ${key.length} characters; at most 255 are taken`;
      throw new VireoError("out_of_range", message, { param: "Idempotency-Key" });
    }
    const request = [c.req.method, c.req.path, await bodyOf(c)];
    const known = replays.open(c.get("tenant"), key, request);
    if ("body" in known) {
      for (const [name, value] of known.headers) c.header(name, value);
      c.header("idempotency-replayed", "true");
      return c.body(known.body, known.status as 200);
    }
    c.set("onStreamEnd", known.release);
    try {
      await next();
    } catch (error) {
      known.release();
      throw error;
    }
    await keep(known, c.res);
  };
}

async function keep(claim: PendingReply, response: Response): Promise<void> {
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  if (isStream && response.ok) return; // released when the stream ends
  if (!response.ok) return claim.release();
  const body = new Uint8Array(await response.clone().arrayBuffer());
  const headers = [...response.headers].filter(([name]) => !OF_THE_REQUEST.test(name));
  claim.keep({ status: response.status, headers, body });
}
