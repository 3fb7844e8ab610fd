import type { Context } from "hono";
import { GREEDY } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import {
  type InputQuery,
  inputQuery,
  toInputList,
} from "../../protocols/openai/responses-input.ts";
import {
  collectResponse,
  type Json,
  newResponseId,
  type ResponseEvent,
  ResponseWriter,
} from "../../protocols/openai/responses-stream.ts";
import { requireModel } from "../../protocols/shared/models.ts";
import { check } from "../../protocols/shared/schema-errors.ts";
import { UsageCounter } from "../../protocols/shared/usage.ts";
import type { Env, RouteOptions } from "../context.ts";
import { parseBody } from "../parsing/parse-body.ts";
import { storageRefused } from "../retention.ts";
import type { SseEvent } from "../sse.ts";
import { answerHeaders, generation, warningsHeader } from "../streaming-reply.ts";

/** Answers, and stores the response for later requests unless `store` is false. */
export function responses(options: RouteOptions) {
  const { upstream, pricesOf, now, responses: store } = options;
  return async (c: Context<Env>): Promise<Response> => {
    const tenant = c.get("tenant");
    const parsed = await parseBody(c, options, "response", { turns: store?.turnsOf(tenant) });
    const { maxTokens } = parsed.request;
    const model = requireModel(upstream.models, parsed.model, maxTokens, "max_output_tokens");
    const reply = generation(c, options, model, parsed.ignoredParams);
    const { signal, answerer } = reply;
    const request = reply.own(parsed.request, { readsWhole: !parsed.stream });
    const { temperature, topP } = { ...GREEDY, ...request.sampling };
    const { body, logprobs, aliases } = parsed;
    const createdUnix = Math.floor(now() / 1000);
    const id = newResponseId();
    if (request.zeroDataRetention === true && body.store === true) {
      throw storageRefused("store", "the response");
    }
    const isKept = parsed.store !== false && request.zeroDataRetention !== true;
    const stored = store !== undefined && isKept;
    const about = { id, createdUnix, answerer, stored };
    const head = { ...about, logprobs, body, aliases, temperature, topP };
    warningsHeader(c, parsed.warnings);
    c.header("x-generation-id", id);
    const keep = (response: Json): void => {
      const previousId = body.previous_response_id;
      if (stored) store.put({ tenant, response, input: parsed.items, previousId });
    };

    const tally = new UsageCounter();
    const events = tally.track(upstream.chat(request, signal));
    if (parsed.stream) {
      const writer = new ResponseWriter(head, keep);
      return await reply.stream(named(writer.events(events)), {
        toErrorEvents: (error, requestId) => writer.failure(error, requestId).map(toEvent),
      });
    }
    const response = await collectResponse(events, head);
    keep(response);
    answerHeaders(c, tally, pricesOf(model));
    return c.json(response);
  };
}

export function getResponse(options: RouteOptions) {
  return (c: Context<Env>): Response => {
    if (c.req.query("stream") === "true") {
      const message = "stream is not supported for a response that is over; leave it out";
      throw new VireoError("unsupported_parameter", message, { param: "stream" });
    }
    const response = options.responses?.response(c.get("tenant"), idOf(c));
    if (response === undefined) throw notFound(c);
    return c.body(response, 200, JSON_TYPE);
  };
}

export function deleteResponse({ responses: store }: RouteOptions) {
  return (c: Context<Env>): Response => {
    const id = idOf(c);
    if (store?.remove(c.get("tenant"), id) !== true) throw notFound(c);
    return c.json({ id, object: "response", deleted: true });
  };
}

/** The input items of a response, the latest first by default. */
export function responseInput({ responses: store }: RouteOptions) {
  return (c: Context<Env>): Response => {
    const query = check<InputQuery>(inputQuery, c.req.query());
    const items = store?.input(c.get("tenant"), idOf(c));
    if (items === undefined) throw notFound(c);
    return c.body(toInputList(items, query), 200, JSON_TYPE);
  };
}

const JSON_TYPE = { "content-type": "application/json" };

function idOf(c: Context<Env>): string {
  return c.req.param("id") ?? "";
}

function notFound(c: Context<Env>): VireoError {
  const shown = JSON.stringify(idOf(c).slice(0, 64));
  const message = `there is no response ${shown} here, or it has expired`;
  return new VireoError("response_not_found", message, { param: "id" });
}

async function* named(events: AsyncIterable<ResponseEvent>): AsyncGenerator<SseEvent> {
  for await (const event of events) yield toEvent(event);
}

function toEvent(data: ResponseEvent): SseEvent {
  return { event: data.type, data };
}
