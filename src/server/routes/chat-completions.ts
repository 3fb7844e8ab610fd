import type { Context } from "hono";
import type { UpstreamModel } from "../../core/chat.ts";
import { type ParsedChatRequest, parseChatRequest } from "../../openai/chat.ts";
import { toVireoError } from "../../openai/errors.ts";
import { parseJson } from "../../openai/json.ts";
import { requireModel } from "../../openai/models.ts";
import {
  type AnswerHead,
  newAnswerId,
  toChunks,
  toCompletion,
  toErrorChunk,
} from "../../openai/stream.ts";
import type { Env, RouteOptions } from "../context.ts";
import { readBody } from "../middleware/body-limit.ts";
import { SSE_HEADERS, sse } from "../sse.ts";

export function chatCompletions({ upstream, log, now }: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const parsed = parseChatRequest(parseJson(await readBody(c.req.raw)));
    const model = requireModel(upstream.models, parsed.model, parsed.request.maxTokens);
    const head = headOf(parsed, model, Math.floor(now() / 1000));
    if (parsed.ignoredParams.length > 0) {
      c.header("x-ignored-params", parsed.ignoredParams.join(","));
    }
    c.header("x-generation-id", head.id);

    const gone = new AbortController();
    const signal = AbortSignal.any([c.req.raw.signal, gone.signal]);
    const events = upstream.chat({ ...parsed.request, tenant: c.get("tenant") }, signal);
    if (!parsed.stream) return c.json(await toCompletion(events, head));

    const stream = await sse(toChunks(events, head), {
      abort: () => gone.abort(new Error("the client is gone")),
      toErrorChunk: (thrown) => {
        const error = toVireoError(thrown);
        const requestId = c.get("requestId");
        if (!signal.aborted) log("error", "stream_broken", { requestId, code: error.code });
        return toErrorChunk(head, error, requestId);
      },
    });
    return c.body(stream, 200, SSE_HEADERS);
  };
}

function headOf(
  { includeUsage, reasoningFormat, request }: ParsedChatRequest,
  model: UpstreamModel,
  createdUnix: number,
): AnswerHead {
  return {
    id: newAnswerId(createdUnix),
    createdUnix,
    model: model.id,
    fingerprint: `fp_${model.fingerprint}`,
    includeUsage,
    reasoningFormat,
    logprobs: request.topLogprobs !== undefined,
  };
}
