import type { Context } from "hono";
import { VireoError } from "../../core/errors.ts";
import { collectResult, toStreamParts } from "../../protocols/ai-gateway/answer.ts";
import { toGatewayConfig } from "../../protocols/ai-gateway/config.ts";
import { toGatewayError } from "../../protocols/ai-gateway/errors.ts";
import { newAnswerId } from "../../protocols/openai/stream.ts";
import { requireModel } from "../../protocols/shared/models.ts";
import { UsageCounter } from "../../protocols/shared/usage.ts";
import type { Env, RouteOptions } from "../context.ts";
import { parseBody } from "../parsing/parse-body.ts";
import { answerHeaders, generation } from "../streaming-reply.ts";
import { asEvents } from "./chat-completions.ts";

/** Answers a call of the AI SDK in the protocol between the SDK and a gateway. */
export function languageModel(options: RouteOptions) {
  const { upstream, pricesOf, now } = options;
  return async (c: Context<Env>): Promise<Response> => {
    checkVersion(c.req.header("ai-language-model-specification-version"));
    const asked = c.req.header("ai-language-model-id") ?? "";
    const {
      request,
      model: requested,
      warnings,
    } = await parseBody(c, options, "call", { model: asked });
    const model = requireModel(upstream.models, requested, request.maxTokens, "maxOutputTokens");
    const prices = pricesOf(model);
    const createdUnix = Math.floor(now() / 1000);
    const reply = generation(c, options, model);
    const { signal, answerer } = reply;
    const head = { id: newAnswerId(createdUnix), createdUnix, answerer, prices, warnings };
    c.header("x-generation-id", head.id);

    const isStreamed = c.req.header("ai-language-model-streaming") === "true";
    const own = reply.own(request, { readsWhole: !isStreamed });
    const tally = new UsageCounter();
    const events = tally.track(upstream.chat(own, signal));
    if (isStreamed) {
      return await reply.stream(asEvents(toStreamParts(events, head)), {
        toErrorEvents: (error, requestId) => [
          { data: { type: "error", error: toGatewayError(error, requestId).error } },
        ],
      });
    }
    const result = await collectResult(events, head);
    answerHeaders(c, tally, prices);
    return c.json(result);
  };
}

export function gatewayConfig({ upstream, pricesOf }: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    await upstream.refresh?.();
    const version = c.req.path.startsWith("/v4/") ? "v4" : "v3";
    return c.json(toGatewayConfig(upstream.models, pricesOf, version));
  };
}

function checkVersion(version: string | undefined): void {
  if (version === undefined || version === "3" || version === "4") return;
  const param = "ai-language-model-specification-version";
  const message = `the header ${param} asks for a version that is not spoken here; send 3 or 4`;
  throw new VireoError("out_of_range", message, { param });
}
