import type { MiddlewareHandler } from "hono";
import { VireoError } from "../../core/errors.ts";
import type { KeyRing } from "../../limits/keys.ts";
import type { Env } from "../context.ts";

/**
 * Accepts requests with a valid key, sent as `Authorization: Bearer`, `x-api-key` or `api-key`, and
 * sets the tenant. Unknown and revoked keys get the same answer.
 */
export function requireKey(keys: KeyRing): MiddlewareHandler<Env> {
  return async (c, next) => {
    const bearer = /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const given = bearer ?? c.req.header("x-api-key") ?? c.req.header("api-key");
    if (given === undefined || given === "") {
      const message = "no API key; send it as Authorization: Bearer <key>";
      throw new VireoError("missing_api_key", message);
    }
    const record = keys.find(given);
    if (record === undefined) {
      throw new VireoError("invalid_api_key", "the API key is not valid");
    }
    c.set("tenant", record.name);
    await next();
  };
}
