import type { Context } from "hono";
import { requireCapability } from "../../core/upstream.ts";
import { chooseModel } from "../../protocols/vireo/tokenize.ts";
import type { Env, RouteOptions } from "../context.ts";
import { parseBody } from "../parsing/parse-body.ts";

/** Token ids of a text in which control tokens are plain text, or the token count of messages. */
export function tokenize(options: RouteOptions) {
  const { upstream } = options;
  return async (c: Context<Env>): Promise<Response> => {
    const parsed = await parseBody(c, options, "tokenize");
    const { id, contextTokens: max_model_len } = parsed.model;
    if ("request" in parsed) {
      const request = { ...parsed.request, model: id, tenant: c.get("tenant") };
      const estimate = requireCapability(upstream, "estimate");
      const { promptTokens: count } = await estimate(request, { signal: c.req.raw.signal });
      return c.json({ count, max_model_len, tokens: null });
    }
    const tokens = await requireCapability(upstream, "tokenize")(parsed.text);
    const counted = { count: tokens.length, max_model_len, tokens };
    if (!parsed.withStrings) return c.json(counted);
    const toText = requireCapability(upstream, "detokenize");
    const token_strs = await Promise.all(tokens.map((id) => toText([id])));
    return c.json({ ...counted, token_strs });
  };
}

export function detokenize(options: RouteOptions) {
  const { upstream } = options;
  return async (c: Context<Env>): Promise<Response> => {
    const body = await parseBody(c, options, "detokenize");
    chooseModel(upstream.models, body.model);
    const toText = requireCapability(upstream, "detokenize");
    return c.json({ prompt: await toText(body.tokens) });
  };
}
