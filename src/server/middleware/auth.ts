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
    c.set("isOperator", record.operator === true);
    await next();
  };
}

/**
 * Accepts requests with an operator's key, for what concerns all tenants. Without keys, everybody
 * who can reach the server is its operator.
 */
export function requireOperator(keys: KeyRing | undefined): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (keys === undefined || c.get("isOperator") === true) return await next();
    const message =
      "this concerns all keys, so it needs an operator's; make one with " +
      "`vireo keys add NAME --operator`";
    throw new VireoError("operator_key_required", message);
  };
}
