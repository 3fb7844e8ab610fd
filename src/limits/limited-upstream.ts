import { follow } from "../core/abort.ts";
import type { ChatEvent, ChatRequest, Looking, Upstream } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { wrapUpstream } from "../core/wrap-upstream.ts";
import type { TenantLimits, Tenants } from "./tenants.ts";

export interface GuardOptions {
  readonly tenants: Tenants;
  readonly limitsOf: (tenant: string) => TenantLimits;
  /** The longest that a request may take, waiting included. */
  readonly deadlineMs: number;
}

/** An upstream that holds tenants to their limits, books what they use, and ends in time. */
export function guarded(upstream: Upstream, options: GuardOptions): Upstream {
  return wrapUpstream(upstream, {
    chat: (request, signal) => chat(upstream, options, request, signal),
    estimate: (request, how) => {
      const work = (signal: AbortSignal) => upstream.estimate(request, { ...how, signal });
      return hold(options, "visit", request, how?.signal, work);
    },
    look: upstream.look && guardedLook(upstream.look, options),
  });
}

/** A look counts as a request; it has no tokens to be booked. */
function guardedLook(look: Looking, options: GuardOptions): Looking {
  return {
    video: (request, signal) => {
      return hold(options, "enter", request, signal, (until) => look.video(request, until));
    },
    document: (request, signal) => {
      return hold(options, "enter", request, signal, (until) => look.document(request, until));
    },
  };
}

/** visit: what opens media counts as no request, but is refused to whoever may send none. */
async function hold<T>(
  { tenants, limitsOf, deadlineMs }: GuardOptions,
  as: "enter" | "visit",
  { tenant = "" }: ChatRequest,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lease = tenants[as](tenant, limitsOf(tenant));
  const ending = follow(signal);
  const timer = setTimeout(() => ending.abort(tooLate(deadlineMs)), deadlineMs);
  try {
    return await work(ending.signal);
  } finally {
    clearTimeout(timer);
    ending.release();
    lease.end();
  }
}

async function* chat(
  upstream: Upstream,
  { tenants, limitsOf, deadlineMs }: GuardOptions,
  request: ChatRequest,
  signal?: AbortSignal,
): AsyncGenerator<ChatEvent> {
  const { tenant = "" } = request;
  const lease = tenants.enter(tenant, limitsOf(tenant));
  const ending = follow(signal);
  const timer = setTimeout(() => ending.abort(tooLate(deadlineMs)), deadlineMs);
  const onUsage: ChatRequest["onUsage"] = (computed) => {
    const usage = request.promptIsBooked ? { ...computed, promptTokens: 0 } : computed;
    lease.settle(usage);
    request.onUsage?.(usage);
  };
  try {
    yield* upstream.chat({ ...request, onUsage }, ending.signal);
  } finally {
    clearTimeout(timer);
    ending.release();
    lease.end();
  }
}

export function tooLate(deadlineMs: number): VireoError {
  const message = `the request took longer than ${deadlineMs / 1000} s, which this server allows`;
  return new VireoError("request_timeout", message);
}
