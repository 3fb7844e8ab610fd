import type { Context } from "hono";
import { parseChatRequest } from "../../openai/chat.ts";
import { toEstimateBody } from "../../openai/estimate.ts";
import { requireModel } from "../../openai/models.ts";
import type { Env, RouteOptions } from "../context.ts";
import { jsonOf } from "../middleware/body-limit.ts";

/** Tokens of a chat request, by parts, without answering it. */
export function estimate({ upstream, prices }: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const parsed = parseChatRequest(await jsonOf(c));
    const request = { ...parsed.request, tenant: c.get("tenant") };
    const model = requireModel(upstream.models, parsed.model, request.maxTokens);
    const counted = await upstream.estimate(request, c.req.raw.signal);
    return c.json(toEstimateBody(counted, model.id, prices, request.maxTokens));
  };
}
