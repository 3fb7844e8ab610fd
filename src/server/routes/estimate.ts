import type { Context } from "hono";
import { requireCapability } from "../../core/upstream.ts";
import { requireModel } from "../../protocols/shared/models.ts";
import { parseEstimate, toEstimateBody } from "../../protocols/vireo/estimate.ts";
import type { Env, RouteOptions } from "../context.ts";
import { jsonOf } from "../middleware/body-limit.ts";

/** Counts the tokens of a chat request by part. */
export function estimate({ upstream, pricesOf }: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const parsed = parseEstimate(await jsonOf(c), upstream.models);
    const model = requireModel(upstream.models, parsed.model, parsed.request.maxTokens);
    const request = { ...parsed.request, model: model.id, tenant: c.get("tenant") };
    const options = { signal: c.req.raw.signal, decode: parsed.decode };
    const counted = await requireCapability(upstream, "estimate")(request, options);
    return c.json(toEstimateBody(counted, model.id, pricesOf(model), request.maxTokens));
  };
}
