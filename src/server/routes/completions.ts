import type { Context } from "hono";
import { newAnswerId } from "../../protocols/openai/stream.ts";
import {
  toTextChunks,
  toTextCompletion,
  toTextErrorChunk,
} from "../../protocols/openai/text-completion.ts";
import { runConcurrently, toChoiceRequests } from "../../protocols/shared/choices.ts";
import { requireModel } from "../../protocols/shared/models.ts";
import { UsageCounter } from "../../protocols/shared/usage.ts";
import type { Env, RouteOptions } from "../context.ts";
import { parseBody } from "../parsing/parse-body.ts";
import { DONE } from "../sse.ts";
import { answerHeaders, generation } from "../streaming-reply.ts";
import { asEvents } from "./chat-completions.ts";

export function completions(options: RouteOptions) {
  const { upstream, pricesOf, now } = options;
  return async (c: Context<Env>): Promise<Response> => {
    const parsed = await parseBody(c, options, "completion");
    const model = requireModel(upstream.models, parsed.model, parsed.requests[0]?.maxTokens);
    const prices = pricesOf(model);
    const createdUnix = Math.floor(now() / 1000);
    const reply = generation(c, options, model, parsed.ignoredParams);
    const { signal, answerer } = reply;
    const requests = parsed.requests.flatMap((one) =>
      toChoiceRequests(reply.own(one, { readsWhole: !parsed.stream }), parsed.count),
    );
    const head = {
      ...parsed,
      id: newAnswerId(createdUnix),
      createdUnix,
      answerer,
      fingerprint: `fp_${model.fingerprint}`,
      total: requests.length,
      prices,
    };
    c.header("x-generation-id", head.id);

    const events = runConcurrently(upstream, requests, signal);
    if (parsed.stream) {
      return await reply.stream(asEvents(toTextChunks(events, head)), {
        last: DONE,
        toErrorEvents: (error, requestId) => [{ data: toTextErrorChunk(head, error, requestId) }],
      });
    }
    const tally = new UsageCounter(parsed.count);
    const completion = await toTextCompletion(tally.track(events), head);
    answerHeaders(c, tally, prices);
    return c.json(completion);
  };
}
