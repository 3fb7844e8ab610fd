import type { Context } from "hono";
import { requireCapability } from "../../core/upstream.ts";
import { requireModel } from "../../protocols/shared/models.ts";
import { toEstimateBody } from "../../protocols/vireo/estimate.ts";
import type { Env, RouteOptions } from "../context.ts";
import { parseBody } from "../parsing/parse-body.ts";

/** Counts the tokens of a chat request by part. */
export function estimate(options: RouteOptions) {
  const { upstream, pricesOf } = options;
  return async (c: Context<Env>): Promise<Response> => {
    const parsed = await parseBody(c, options, "estimate");
    const model = requireModel(upstream.models, parsed.model, parsed.request.maxTokens);
    const request = { ...parsed.request, model: model.id, tenant: c.get("tenant") };
    const how = { signal: c.req.raw.signal, decode: parsed.decode };
    const counted = await requireCapability(upstream, "estimate")(request, how);
    return c.json(toEstimateBody(counted, model.id, pricesOf(model), request.maxTokens));
  };
}
