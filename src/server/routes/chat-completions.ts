import type { Context } from "hono";
import type { UpstreamModel } from "../../core/upstream.ts";
import type { ParsedChatRequest } from "../../protocols/openai/chat.ts";
import {
  type AnswerHead,
  newAnswerId,
  toChunks,
  toCompletion,
  toErrorChunk,
} from "../../protocols/openai/stream.ts";
import { runConcurrently, toChoiceRequests } from "../../protocols/shared/choices.ts";
import { requireModel } from "../../protocols/shared/models.ts";
import { UsageCounter } from "../../protocols/shared/usage.ts";
import type { Env, RouteOptions } from "../context.ts";
import { parseBody } from "../parsing/parse-body.ts";
import { DONE, type SseEvent } from "../sse.ts";
import { answerHeaders, generation, warningsHeader } from "../streaming-reply.ts";

export function chatCompletions(options: RouteOptions) {
  const { upstream, pricesOf, now } = options;
  return async (c: Context<Env>): Promise<Response> => {
    const parsed = await parseBody(c, options, "chat");
    const model = requireModel(upstream.models, parsed.model, parsed.request.maxTokens);
    const prices = pricesOf(model);
    const reply = generation(c, options, model, parsed.ignoredParams);
    const { signal, answerer } = reply;
    const shared = headOf(parsed, model, Math.floor(now() / 1000));
    const head = { ...shared, prices, answerer };
    warningsHeader(c, parsed.warnings);
    c.header("x-generation-id", head.id);

    const request = reply.own(parsed.request, { readsWhole: !parsed.stream });
    const events = runConcurrently(upstream, toChoiceRequests(request, parsed.count), signal);
    if (parsed.stream) {
      return await reply.stream(asEvents(toChunks(events, head)), {
        last: DONE,
        toErrorEvents: (error, requestId) => [{ data: toErrorChunk(head, error, requestId) }],
      });
    }
    const tally = new UsageCounter(parsed.count);
    const completion = await toCompletion(tally.track(events), head);
    answerHeaders(c, tally, prices);
    return c.json(completion);
  };
}

/** Wraps chunks as events without a name. */
export async function* asEvents(chunks: AsyncIterable<unknown>): AsyncGenerator<SseEvent> {
  for await (const data of chunks) yield { data };
}

function headOf(
  { includeUsage, reasoningFormat, logprobs, count, continuousUsage, aliases }: ParsedChatRequest,
  model: UpstreamModel,
  createdUnix: number,
): Omit<AnswerHead, "answerer"> {
  return {
    id: newAnswerId(createdUnix),
    createdUnix,
    fingerprint: `fp_${model.fingerprint}`,
    includeUsage,
    reasoningFormat,
    logprobs,
    count,
    continuousUsage,
    aliases,
  };
}
