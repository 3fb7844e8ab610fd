import type { ChatEvent, ChatRequest } from "../core/chat.ts";
import { startDeadline } from "../core/deadline.ts";
import type { Inspector } from "../core/inspection.ts";
import type { Upstream } from "../core/upstream.ts";
import { wrapUpstream } from "../core/wrap-upstream.ts";
import type { Admission, TenantLimits, Tenants } from "./tenants.ts";

export interface LimitOptions {
  readonly tenants: Tenants;
  readonly limitsOf: (tenant: string) => TenantLimits;
  /** The longest that a request may take, time in the queue included. */
  readonly deadlineMs: number;
}

/** Holds tenants to their limits, books what they use and ends every request at its deadline. */
export function limited(upstream: Upstream, options: LimitOptions): Upstream {
  const { inspector } = upstream;
  return wrapUpstream(upstream, {
    chat: (request, signal) => chat(upstream, options, request, signal),
    estimate: (request, how) => {
      const admission = admit(options, request, { counts: false });
      return withLimits(options, admission, how?.signal, (signal) =>
        upstream.estimate(request, { ...how, signal }),
      );
    },
    inspector: inspector && limitedInspector(inspector, options),
  });
}

/** An inspection counts as a request; it has no tokens to book. */
function limitedInspector(inspector: Inspector, options: LimitOptions): Inspector {
  return {
    video: (request, signal) => {
      const admission = admit(options, request, { counts: true });
      return withLimits(options, admission, signal, (s) => inspector.video(request, s));
    },
    document: (request, signal) => {
      const admission = admit(options, request, { counts: true });
      return withLimits(options, admission, signal, (s) => inspector.document(request, s));
    },
  };
}

/**
 * counts: an estimate opens media, so it takes a place among the running requests, but it is not
 * counted against requests a minute. Throws rate_limited.
 */
function admit(
  { tenants, limitsOf }: LimitOptions,
  { tenant = "" }: ChatRequest,
  { counts }: { readonly counts: boolean },
): Admission {
  const limits = limitsOf(tenant);
  return counts ? tenants.acquire(tenant, limits) : tenants.acquireUncounted(tenant, limits);
}

async function withLimits<T>(
  { deadlineMs }: LimitOptions,
  admission: Admission,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = startDeadline(signal, deadlineMs);
  try {
    return await work(deadline.signal);
  } finally {
    deadline.release();
    admission.end();
  }
}

async function* chat(
  upstream: Upstream,
  options: LimitOptions,
  request: ChatRequest,
  signal?: AbortSignal,
): AsyncGenerator<ChatEvent> {
  const admission = admit(options, request, { counts: true });
  const deadline = startDeadline(signal, options.deadlineMs);
  const onUsage: ChatRequest["onUsage"] = (computed) => {
    const usage = request.promptAlreadyBilled ? { ...computed, promptTokens: 0 } : computed;
    admission.settle(usage);
    request.onUsage?.(usage);
  };
  try {
    yield* upstream.chat({ ...request, onUsage }, deadline.signal);
  } finally {
    deadline.release();
    admission.end();
  }
}
