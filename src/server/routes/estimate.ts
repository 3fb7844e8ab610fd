import type { Context } from "hono";
import { requireModel } from "../../protocols/shared/models.ts";
import { parseEstimate, toEstimateBody } from "../../protocols/vireo/estimate.ts";
import type { Env, RouteOptions } from "../context.ts";
import { jsonOf } from "../middleware/body-limit.ts";

/** Tokens of a chat request, by parts, without answering it. */
export function estimate({ upstream, prices }: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const parsed = parseEstimate(await jsonOf(c), upstream.models);
    const request = { ...parsed.request, tenant: c.get("tenant") };
    const model = requireModel(upstream.models, parsed.model, request.maxTokens);
    const options = { signal: c.req.raw.signal, decode: parsed.decode };
    const counted = await upstream.estimate(request, options);
    return c.json(toEstimateBody(counted, model.id, prices, request.maxTokens));
  };
}
