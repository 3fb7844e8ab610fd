import { setImmediate as nextTurn } from "node:timers/promises";
import type { Context } from "hono";
import { type Caller, requireCapability, type Upstream } from "../../core/upstream.ts";
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
    const tokens = await requireCapability(upstream, "tokenize")(parsed.text, callerOf(c));
    const counted = { count: tokens.length, max_model_len, tokens };
    if (!parsed.withStrings) return c.json(counted);
    return c.json({ ...counted, token_strs: await textOfEach(upstream, tokens, callerOf(c)) });
  };
}

export function detokenize(options: RouteOptions) {
  const { upstream } = options;
  return async (c: Context<Env>): Promise<Response> => {
    const body = await parseBody(c, options, "detokenize");
    chooseModel(upstream.models, body.model);
    const toText = requireCapability(upstream, "detokenize");
    return c.json({ prompt: await toText(body.tokens, callerOf(c)) });
  };
}

function callerOf(c: Context<Env>): Caller {
  return { tenant: c.get("tenant"), signal: c.req.raw.signal };
}

const IDS_PER_TURN = 1024;

/** The text of each id by itself, a few in each turn of the event loop. */
async function textOfEach(
  upstream: Upstream,
  ids: readonly number[],
  caller: Caller,
): Promise<string[]> {
  const toText = requireCapability(upstream, "detokenize");
  const texts: string[] = [];
  for (let at = 0; at < ids.length; at += IDS_PER_TURN) {
    for (const id of ids.slice(at, at + IDS_PER_TURN)) texts.push(await toText([id], caller));
    await nextTurn();
    caller.signal?.throwIfAborted();
  }
  return texts;
}
