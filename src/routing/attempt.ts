import { type LinkedAbort, linkAbort } from "../core/abort.ts";
import type { AnsweredBy, ChatEvent, ChatRequest, StartEvent, Usage } from "../core/chat.ts";
import type { Delivery } from "../core/delivery.ts";
import { VireoError } from "../core/errors.ts";
import type { FailedAttempt } from "../core/failed-attempt.ts";
import { type Endpoint, usesOwnKey } from "./endpoint.ts";
import type { EndpointHealth } from "./endpoint-health.ts";
import { asksForPause, type Failure, failureOf, refusesKey } from "./failures.ts";
import { isOutput, type TimeLimit, withTimeLimits } from "./time-limits.ts";
import type { AttemptSpan } from "./tracing.ts";

type EndEvent = Extract<ChatEvent, { readonly type: "end" }>;

/** Pause of a provider that answered 429 without saying for how long. */
const PAUSE_MS = 2000;

export interface AttemptContext {
  readonly endpoint: Endpoint;
  readonly health: EndpointHealth;
  /** Collects what reaches the client. Undefined: the answer is held back until it is complete. */
  readonly delivery: Delivery | undefined;
  /** Nobody else can answer, so `start` need not wait for the first part of the answer. */
  readonly startsAtOnce: boolean;
  /** Added to the `start`. Undefined: the answer has begun at another endpoint; no `start`. */
  readonly answeredBy: AnsweredBy | undefined;
  /** Receives the usage that the provider reports, even after the attempt. */
  readonly onReport: (usage: Usage) => void;
  readonly span: AttemptSpan;
  readonly signal: AbortSignal | undefined;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}

/** How an attempt ended that did not throw. */
export type AttemptResult =
  | { readonly type: "answered"; readonly end: EndEvent }
  | { readonly type: "failed"; readonly failure: Failure };

const EMPTY_START: StartEvent = { type: "start", promptTokens: 0, imageTokens: 0, videoTokens: 0 };

/**
 * Asks one endpoint. Yields its `start` together with the first part of the answer, so that a
 * failure before leaves no trace, and returns its `end`.
 *
 * Throws only the reason of an aborted signal. Everything is released when the iteration ends,
 * however it ends.
 */
export async function* runAttempt(
  request: ChatRequest,
  context: AttemptContext,
): AsyncGenerator<ChatEvent, AttemptResult> {
  const { endpoint, health, delivery, answeredBy, startsAtOnce, span, signal, now } = context;
  const begun = now();
  const linked = linkAbort(signal);
  // preferences are this server's business, and the start is reported by it
  const { routing: _, onStart, ...rest } = request;
  const { traceparent } = span;
  const traced = traceparent === undefined ? rest : { ...rest, traceparent };
  const own: ChatRequest = { ...traced, model: endpoint.model, onUsage: context.onReport };
  const expire = (limit: TimeLimit, ms: number) => expired(endpoint, limit, ms, linked);
  const startOf = (event: StartEvent): readonly StartEvent[] => {
    if (answeredBy === undefined) return [];
    const start = { ...event, answeredBy };
    onStart?.(start);
    return [start];
  };
  let start: StartEvent | undefined = EMPTY_START;
  let firstMs: number | undefined;
  let isJudged = false;
  let isAnswered = false;
  health.begin(begun);
  try {
    const events = endpoint.provider.upstream.chat(own, linked.signal);
    const timed = withTimeLimits(events, endpoint.provider.limits ?? {}, linked.signal, expire);
    for await (const event of timed) {
      if (event.type === "start") start = event;
      if (isOutput(event)) firstMs ??= now();
      if (start !== undefined && (isOutput(event) || startsAtOnce)) {
        yield* startOf(start);
        start = undefined;
      }
      if (event.type === "start" || firstMs === undefined) continue;
      if (event.type === "end") {
        isJudged = true;
        isAnswered = true;
        const decodeMs = now() - firstMs;
        const { completionTokens } = event.usage;
        health.succeeded({ firstTokenMs: firstMs - begun, completionTokens, decodeMs }, now());
        span.answered(event);
        return { type: "answered", end: event };
      }
      delivery?.add(event);
      yield event;
    }
    throw cut(endpoint);
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason;
    const failure = failureOf(error, endpoint, now() - begun);
    isJudged = true;
    span.failed(failure);
    judge(health, failure, { hasOwnKey: usesOwnKey(endpoint, request.tenant), nowMs: now() });
    return { type: "failed", failure };
  } finally {
    if (!isJudged) health.abandoned();
    span.end();
    if (!isAnswered) linked.abort(new Error("the attempt is over"));
    linked.release();
  }
}

/** Records a failure with the endpoint, by whose fault it was. */
function judge(
  health: EndpointHealth,
  failure: Failure,
  { hasOwnKey, nowMs }: { readonly hasOwnKey: boolean; readonly nowMs: number },
): void {
  const { attempt, error } = failure;
  // limits and faults of one tenant's key say nothing about the endpoint for others
  const isOfKey = hasOwnKey && (asksForPause(failure) || refusesKey(failure));
  if (attempt.callerFault || isOfKey) health.abandoned();
  else if (asksForPause(failure)) health.limited(error.code, error.retryAfterMs ?? PAUSE_MS, nowMs);
  else health.failed(error.code, nowMs, { isFinal: refusesKey(failure) });
}

function cut({ provider }: Endpoint): VireoError {
  const attempt: FailedAttempt = {
    provider: provider.name,
    fault: "cut",
    callerFault: false,
    delivered: false,
    ms: 0,
  };
  const message = `${provider.name} ended its answer without a reason for the end`;
  return new VireoError("upstream_invalid_response", message, { attempt });
}

const LIMIT_TEXTS: Readonly<Record<TimeLimit, string>> = {
  first_token: "sent no token",
  between_events: "went silent within its answer",
  total: "did not finish",
};

/** The error of an attempt that took too long. Its work is aborted. */
function expired(
  { provider }: Endpoint,
  limit: TimeLimit,
  ms: number,
  { abort }: LinkedAbort,
): VireoError {
  const attempt: FailedAttempt = {
    provider: provider.name,
    fault: "timeout",
    callerFault: false,
    delivered: false,
    ms,
  };
  const message = `${provider.name} ${LIMIT_TEXTS[limit]} within ${ms / 1000} s`;
  const error = new VireoError("upstream_timeout", message, { attempt, metadata: { limit } });
  abort(error);
  return error;
}
