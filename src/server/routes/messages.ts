import type { Context } from "hono";
import { toMessagesError } from "../../protocols/anthropic/errors.ts";
import {
  collectMessage,
  type MessageEvent,
  newMessageId,
  toMessageEvents,
} from "../../protocols/anthropic/message.ts";
import { requireModel } from "../../protocols/shared/models.ts";
import { UsageCounter } from "../../protocols/shared/usage.ts";
import type { Env, RouteOptions } from "../context.ts";
import { parseBody } from "../parsing/parse-body.ts";
import type { SseEvent } from "../sse.ts";
import { answerHeaders, generation, warningsHeader } from "../streaming-reply.ts";
import { countTokens } from "./input-tokens.ts";

const PING = 'event: ping\ndata: {"type":"ping"}\n\n';

/** Answers in Anthropic's protocol. */
export function messages(options: RouteOptions) {
  const { upstream, pricesOf } = options;
  return async (c: Context<Env>): Promise<Response> => {
    const parsed = await parseBody(c, options, "messages");
    const model = requireModel(upstream.models, parsed.model, parsed.request.maxTokens);
    const reply = generation(c, options, model, parsed.ignoredParams);
    const { signal, answerer } = reply;
    const request = reply.own(parsed.request, { readsWhole: !parsed.stream });
    const head = { id: newMessageId(), answerer, stopSequences: request.stop ?? [] };
    warningsHeader(c, parsed.warnings);
    c.header("x-generation-id", head.id);
    c.header("request-id", c.get("requestId"));

    const tally = new UsageCounter();
    const events = tally.track(upstream.chat(request, signal));
    if (parsed.stream) {
      return await reply.stream(named(toMessageEvents(events, head)), {
        ping: PING,
        toErrorEvents: (error, id) => [{ event: "error", data: toMessagesError(error, id) }],
      });
    }
    const message = await collectMessage(events, head);
    answerHeaders(c, tally, pricesOf(model));
    return c.json(message);
  };
}

/** Counts the prompt tokens of a messages request. */
export function messageTokens(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const { model, request } = await parseBody(c, options, "messageCount");
    return c.json({ input_tokens: await countTokens(c, options, model, request) });
  };
}

async function* named(events: AsyncIterable<MessageEvent>): AsyncGenerator<SseEvent> {
  for await (const data of events) yield { event: data.type, data };
}
