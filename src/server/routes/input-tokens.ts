import type { Context } from "hono";
import type { ChatRequest } from "../../core/chat.ts";
import { requireCapability } from "../../core/upstream.ts";
import { requireModel } from "../../protocols/shared/models.ts";
import type { Env, RouteOptions } from "../context.ts";
import { parseBody } from "../parsing/parse-body.ts";

/** Counts the prompt tokens of a Responses request. */
export function responseTokens(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const turns = options.responses?.turnsOf(c.get("tenant"));
    const { model, request } = await parseBody(c, options, "response", { turns });
    const input_tokens = await countTokens(c, options, model, request);
    return c.json({ object: "response.input_tokens", input_tokens });
  };
}

/** Counts the prompt tokens of a chat request. */
export function chatTokens(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const { model, request } = await parseBody(c, options, "chat");
    return c.json({ input_tokens: await countTokens(c, options, model, request) });
  };
}

/** Throws model_not_found, not_implemented, and what counting throws. */
export async function countTokens(
  c: Context<Env>,
  { upstream }: RouteOptions,
  model: string,
  request: ChatRequest,
): Promise<number> {
  const { id } = requireModel(upstream.models, model);
  const own = { ...request, model: id, tenant: c.get("tenant") };
  const estimate = requireCapability(upstream, "estimate");
  return (await estimate(own, { signal: c.req.raw.signal })).promptTokens;
}
