import type { Context } from "hono";
import { parseChatRequest } from "../../openai/chat.ts";
import { toEstimateBody } from "../../openai/estimate.ts";
import { parseJson } from "../../openai/json.ts";
import { requireModel } from "../../openai/models.ts";
import type { Env, RouteOptions } from "../context.ts";
import { readBody } from "../middleware/body-limit.ts";

/** Tokens of a chat request, by parts, without answering it. */
export function estimate({ upstream }: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const parsed = parseChatRequest(parseJson(await readBody(c.req.raw)));
    const { request } = parsed;
    const model = requireModel(upstream.models, parsed.model, request.maxTokens);
    const counted = await upstream.estimate(request, c.req.raw.signal);
    return c.json(toEstimateBody(counted, model.id, request.maxTokens));
  };
}
