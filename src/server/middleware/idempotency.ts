import type { MiddlewareHandler } from "hono";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Env } from "../context.ts";
import { fingerprintOf, type IdempotencyCache, type PendingReply } from "../idempotency-cache.ts";
import { atStreamEnd, isStream } from "../stream-end.ts";
import { bodyOf } from "./body-limit.ts";

/** Headers of the current request, which a stored answer does not have. */
const OF_THE_REQUEST = /^(x-request-id|request-id|openai-processing-ms|x-ratelimit-.*)$/;

/**
 * Answers a repeated request with the same Idempotency-Key from the cache, with the header
 * `idempotency-replayed: true`. Only complete, successful answers are stored. The key of a stream
 * only prevents two concurrent runs.
 */
export function idempotent(replays: IdempotencyCache): MiddlewareHandler<Env> {
  return async (c, next) => {
    const key = c.req.header("idempotency-key");
    if (key === undefined || key === "") return await next();
    if (key.length > LIMITS.replay.keyCharacters) {
      const message = `the Idempotency-Key has ${key.length} characters; at most 255 are taken`;
      throw new VireoError("out_of_range", message, { param: "Idempotency-Key" });
    }
    const request = await fingerprintOf([c.req.method, c.req.path, await bodyOf(c)]);
    const known = replays.open(c.get("tenant"), key, request);
    if ("body" in known) {
      for (const [name, value] of known.headers) c.header(name, value);
      c.header("idempotency-replayed", "true");
      return c.body(known.body, known.status as 200);
    }
    atStreamEnd(c, known.release);
    try {
      await next();
    } catch (error) {
      known.release();
      throw error;
    }
    if (c.get("keepsNothing") === true && !isStream(c.res)) known.release();
    else await keep(known, c.res);
  };
}

async function keep(claim: PendingReply, response: Response): Promise<void> {
  if (isStream(response) && response.ok) return; // released when the stream ends
  if (!response.ok) return claim.release();
  const body = new Uint8Array(await response.clone().arrayBuffer());
  const headers = [...response.headers].filter(([name]) => !OF_THE_REQUEST.test(name));
  claim.keep({ status: response.status, headers, body });
}
