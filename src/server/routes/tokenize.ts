import type { Context } from "hono";
import { VireoError } from "../../core/errors.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
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

/** Ids of a text in which control tokens are only text; of messages, how many they come to. */
export function tokenize({ upstream }: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const body = check<TokenizeBody>(tokenizeBody, await jsonOf(c));
    const model = chooseModel(upstream.models, body.model);
    const max_model_len = model.contextTokens;
    if ("messages" in body) {
      const parsed = parseChatRequest({ ...body, model: model.id }, upstream.models);
      const request = { ...parsed.request, tenant: c.get("tenant") };
      const { promptTokens: count } = await upstream.estimate(request, {
        signal: c.req.raw.signal,
      });
      return c.json({ count, max_model_len, tokens: null });
    }
    const tokens = upstream.tokenize(body.prompt);
    const texts = body.return_token_strs === true;
    const token_strs = tokens.map((id) => upstream.detokenize([id]));
    const counted = { count: tokens.length, max_model_len, tokens };
    return c.json(texts ? { ...counted, token_strs } : counted);
  };
}

export function detokenize({ upstream }: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const body = check<DetokenizeBody>(detokenizeBody, await jsonOf(c));
    chooseModel(upstream.models, body.model);
    return c.json({ prompt: upstream.detokenize(body.tokens) });
  };
}

/** The first where none is named. */
function chooseModel(
  models: readonly UpstreamModel[],
  name: string | null | undefined,
): UpstreamModel {
  const [first] = models;
  if (typeof name === "string") return requireModel(models, name);
  if (first === undefined) throw new VireoError("engine_loading", "there is no model yet");
  return first;
}
