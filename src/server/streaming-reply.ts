import type { Context } from "hono";
import { linkAbort } from "../core/abort.ts";
import type { ChatRequest, StartEvent } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import type { VireoError } from "../core/errors.ts";
import { type Prices, showPrice, totalOf } from "../core/prices.ts";
import { toVireoError } from "../core/system-errors.ts";
import type { UpstreamModel } from "../core/upstream.ts";
import { type Answerer, providerOf } from "../protocols/shared/provider.ts";
import { costOfUsage, type UsageCounter } from "../protocols/shared/usage.ts";
import type { RequestWarning } from "../protocols/shared/warnings.ts";
import type { Env, RouteOptions } from "./context.ts";
import { underPolicy } from "./retention.ts";
import { SSE_HEADERS, type SseEvent, type SseOptions, sse } from "./sse.ts";

export interface StreamForm extends Pick<SseOptions, "last" | "ping"> {
  /** The events that report an error in a stream of this protocol. */
  readonly toErrorEvents: (error: VireoError, requestId: string) => readonly SseEvent[];
}

/** The common part of all routes that generate. */
export interface Generation {
  /** Aborted when the client disconnects or the server shuts down. */
  readonly signal: AbortSignal;
  /** Changes when the answer starts, before its first event. */
  readonly answerer: Answerer;
  /** A parsed request as this client's: with its tenant, under the policies on retention. */
  readonly own: (request: ChatRequest, how: Pick<ChatRequest, "readsWhole">) => ChatRequest;
  stream(events: AsyncIterable<SseEvent>, form: StreamForm): Promise<Response>;
}

/** ignoredParams: the fields that have no effect, for `x-ignored-params`. */
export function generation(
  c: Context<Env>,
  { log, keepsNothing }: RouteOptions,
  model: UpstreamModel,
  ignoredParams: readonly string[] = [],
): Generation {
  // The link needs no release: the request's signal is collected together with the request.
  const { signal, abort } = linkAbort(c.req.raw.signal);
  const serverEnd = c.get("serverEnd");
  serverEnd?.addEventListener("abort", () => abort(serverEnd.reason as Error), { once: true });
  const answerer = { provider: providerOf(model), model: model.id };
  let hasReplied = false;
  c.header("x-provider", answerer.provider);
  ignoredHeader(c, ignoredParams);
  const onStart = ({ answeredBy, ignored = [] }: StartEvent): void => {
    if (answeredBy !== undefined) {
      answerer.provider = answeredBy.provider;
      answerer.model = answeredBy.model;
    }
    if (hasReplied) return; // The headers were sent already.
    c.header("x-provider", answerer.provider);
    if (answeredBy !== undefined) c.header("x-attempts", String(answeredBy.attempts));
    ignoredHeader(c, [...new Set([...ignoredParams, ...ignored])]);
  };
  return {
    signal,
    answerer,
    own(request, how) {
      const traceparent = c.req.header("traceparent");
      const trace = defined({ traceparent });
      const mine = { model: model.id, tenant: c.get("tenant"), onStart, ...trace, ...how };
      const own = underPolicy({ ...request, ...mine }, keepsNothing);
      if (own.zeroDataRetention === true) {
        c.header("x-zdr", "enforced");
        c.set("keepsNothing", true);
      }
      return own;
    },
    async stream(events, { toErrorEvents, ...form }) {
      const onEnd = c.get("onStreamEnd");
      const body = await sse(events, {
        ...form,
        ...defined({ onEnd }),
        abort: () => abort(new Error("the client is gone")),
        toErrorEvents: (thrown) => {
          const error = toVireoError(thrown);
          const requestId = c.get("requestId");
          if (!signal.aborted) log("error", "stream_broken", { requestId, code: error.code });
          return toErrorEvents(error, requestId);
        },
      });
      hasReplied = true;
      return c.body(body, 200, SSE_HEADERS);
    },
  };
}

/** Sets headers with the timings, cache use and cost of a complete answer. */
export function answerHeaders(
  c: Context<Env>,
  { usage, timings }: UsageCounter,
  prices: Prices,
): void {
  const parts = [
    ["queue", timings.queueMs],
    ["media", timings.mediaMs],
    ["prefill", timings.prefillMs],
    ["decode", timings.decodeMs],
  ] as const;
  c.header("server-timing", parts.map(([name, ms]) => `${name};dur=${ms.toFixed(1)}`).join(", "));
  c.header("x-cache", usage.cachedTokens > 0 ? "hit" : "miss");
  const cost = costOfUsage(usage, prices);
  if (cost !== undefined) c.header("x-cost-usd", showPrice(totalOf(cost)));
}

/** Sets x-ignored-params to the fields without effect. */
function ignoredHeader(c: Context<Env>, names: readonly string[]): void {
  if (names.length > 0) c.header("x-ignored-params", names.join(","));
}

/** Sets x-warnings to the codes of the request's warnings. */
export function warningsHeader(c: Context<Env>, warnings: readonly RequestWarning[]): void {
  if (warnings.length > 0) c.header("x-warnings", warnings.map(({ code }) => code).join(","));
}
