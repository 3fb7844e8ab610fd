import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { VireoError } from "../../core/errors.ts";
import type { Env } from "../context.ts";

/**
 * Lets in who has the key, as `Authorization: Bearer`, `x-api-key` or `api-key`.
 *
 * Hashes are compared, so the time taken tells neither length nor content of the key.
 */
export function requireKey(apiKey: string): MiddlewareHandler<Env> {
  const wanted = hash(apiKey);
  return async (c, next) => {
    const bearer = /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const given = bearer ?? c.req.header("x-api-key") ?? c.req.header("api-key");
    if (given === undefined || given === "") {
      const message = "no API key; send it as Authorization: Bearer <key>";
      throw new VireoError("missing_api_key", message);
    }
    if (!timingSafeEqual(hash(given), wanted)) {
      throw new VireoError("invalid_api_key", "the API key is not valid");
    }
    await next();
  };
}

function hash(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
