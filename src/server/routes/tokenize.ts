import type { Context } from "hono";
import { VireoError } from "../../core/errors.ts";
import { requireCapability, type UpstreamModel } from "../../core/upstream.ts";
import { parseChatRequest } from "../../protocols/openai/chat.ts";
import { requireModel } from "../../protocols/shared/models.ts";
import { check } from "../../protocols/shared/schema-errors.ts";
import {
  type DetokenizeBody,
  detokenizeBody,
  type TokenizeBody,
  tokenizeBody,
} from "../../protocols/vireo/tokenize.ts";
import type { Env, RouteOptions } from "../context.ts";
import { jsonOf } from "../middleware/body-limit.ts";

/** Token ids of a text in which control tokens are plain text, or the token count of messages. */
export function tokenize({ upstream }: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const body = check<TokenizeBody>(tokenizeBody, await jsonOf(c));
    const model = chooseModel(upstream.models, body.model);
    const max_model_len = model.contextTokens;
    if ("messages" in body) {
      const parsed = parseChatRequest({ ...body, model: model.id }, upstream.models);
      const request = { ...parsed.request, model: model.id, tenant: c.get("tenant") };
      const estimate = requireCapability(upstream, "estimate");
      const { promptTokens: count } = await estimate(request, { signal: c.req.raw.signal });
      return c.json({ count, max_model_len, tokens: null });
    }
    const tokens = await requireCapability(upstream, "tokenize")(body.prompt);
    const counted = { count: tokens.length, max_model_len, tokens };
    if (body.return_token_strs !== true) return c.json(counted);
    const toText = requireCapability(upstream, "detokenize");
    const token_strs = await Promise.all(tokens.map((id) => toText([id])));
    return c.json({ ...counted, token_strs });
  };
}

export function detokenize({ upstream }: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const body = check<DetokenizeBody>(detokenizeBody, await jsonOf(c));
    chooseModel(upstream.models, body.model);
    const toText = requireCapability(upstream, "detokenize");
    return c.json({ prompt: await toText(body.tokens) });
  };
}

/** The first model if none is named. */
function chooseModel(
  models: readonly UpstreamModel[],
  name: string | null | undefined,
): UpstreamModel {
  const [first] = models;
  if (typeof name === "string") return requireModel(models, name);
  if (first === undefined) throw new VireoError("engine_loading", "there is no model yet");
  return first;
}
