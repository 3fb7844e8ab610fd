import type { Context } from "hono";
import { requireModel } from "../../openai/models.ts";
import { parseResponseRequest } from "../../openai/responses.ts";
import {
  collectResponse,
  newResponseId,
  type ResponseEvent,
  ResponseWriter,
} from "../../openai/responses-stream.ts";
import { Tally } from "../../openai/usage.ts";
import type { Env, RouteOptions } from "../context.ts";
import { answerHeaders, generation, ignoredHeader, warningsHeader } from "../generation.ts";
import { jsonOf } from "../middleware/body-limit.ts";
import type { SseEvent } from "../sse.ts";

export function responses(options: RouteOptions) {
  const { upstream, prices, now } = options;
  return async (c: Context<Env>): Promise<Response> => {
    const parsed = parseResponseRequest(await jsonOf(c), upstream.models);
    const request = { ...parsed.request, tenant: c.get("tenant") };
    const maxTokens = request.maxTokens;
    const model = requireModel(upstream.models, parsed.model, maxTokens, "max_output_tokens");
    const { temperature, topP } = request.sampling;
    const { body, logprobs } = parsed;
    const createdUnix = Math.floor(now() / 1000);
    const id = newResponseId();
    const head = { id, createdUnix, model: model.id, logprobs, body, temperature, topP };
    ignoredHeader(c, parsed.ignoredParams);
    warningsHeader(c, parsed.warnings);
    c.header("x-generation-id", id);

    const { signal, stream } = generation(c, options);
    const tally = new Tally();
    const events = tally.watch(upstream.chat(request, signal));
    if (parsed.stream) {
      const writer = new ResponseWriter(head);
      return await stream(named(writer.events(events)), {
        toErrorEvents: (error, requestId) => writer.failure(error, requestId).map(toEvent),
      });
    }
    const response = await collectResponse(events, head);
    answerHeaders(c, tally, prices);
    return c.json(response);
  };
}

async function* named(events: AsyncIterable<ResponseEvent>): AsyncGenerator<SseEvent> {
  for await (const event of events) yield toEvent(event);
}

function toEvent(data: ResponseEvent): SseEvent {
  return { event: data.type, data };
}
