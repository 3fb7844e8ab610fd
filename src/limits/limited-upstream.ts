import type { ChatEvent, ChatRequest } from "../core/chat.ts";
import { startDeadline } from "../core/deadline.ts";
import type { Inspector } from "../core/inspection.ts";
import type { Prices } from "../core/prices.ts";
import {
  type Caller,
  modelFor,
  type Upstream,
  type UpstreamCapabilities,
  type UpstreamModel,
} from "../core/upstream.ts";
import { wrapUpstream } from "../core/wrap-upstream.ts";
import type { Admission, TenantLimits, Tenants } from "./tenants.ts";
import { estimateTokens, type RequestTokens } from "./token-estimate.ts";

type Estimate = NonNullable<UpstreamCapabilities["estimate"]>;

export interface LimitOptions {
  readonly tenants: Tenants;
  readonly limitsOf: (tenant: string) => TenantLimits;
  readonly pricesOf: (model: UpstreamModel) => Prices;
  /** Maximum duration of a request, including its time in the queue. */
  readonly deadlineMs: number;
}

/** Enforces the tenants' limits, records their usage and ends every request at its deadline. */
export function limited(upstream: Upstream, options: LimitOptions): Upstream {
  const { estimate, inspect, tokenize, detokenize } = upstream.capabilities ?? {};
  return wrapUpstream(upstream, {
    chat: (request, signal) => chat(upstream, options, request, signal),
    capabilities: {
      estimate: estimate && limitedEstimate(estimate, options),
      tokenize: tokenize && limitedText(tokenize, options),
      detokenize: detokenize && limitedText(detokenize, options),
      inspect: inspect && limitedInspector(inspect, options),
    },
  });
}

/** An estimate opens media, so it takes a place among the running requests. */
function limitedEstimate(estimate: Estimate, options: LimitOptions): Estimate {
  return async (request, how) => {
    const admission = admit(options, request, { counts: false });
    return await withLimits(options, admission, how?.signal, (signal) =>
      estimate(request, { ...how, signal }),
    );
  };
}

/** Encoding and decoding take a place among the running requests, as an estimate does. */
function limitedText<In, Out>(
  work: (input: In, caller?: Caller) => Promise<Out>,
  options: LimitOptions,
): (input: In, caller?: Caller) => Promise<Out> {
  return async (input, { tenant = "", signal } = {}) => {
    const admission = admit(options, { tenant }, { counts: false });
    return await withLimits(options, admission, signal, (ending) =>
      work(input, { tenant, signal: ending }),
    );
  };
}

/** An inspection counts as a request, without tokens. */
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
  { tenant = "" }: Pick<ChatRequest, "tenant">,
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
  const { tenants, limitsOf, deadlineMs } = options;
  const { tenant = "", messages } = request;
  const estimate = estimateTokens(request);
  const reserved = { tokens: estimate.prompt + estimate.answer, request: messages };
  const admission = tenants.acquire(tenant, limitsOf(tenant), reserved);
  const deadline = startDeadline(signal, deadlineMs);
  const onUsage: ChatRequest["onUsage"] = (computed) => {
    const usage = request.promptAlreadyBilled ? { ...computed, promptTokens: 0 } : computed;
    const model = modelFor(upstream, request);
    admission.settle(usage, model && options.pricesOf(model));
    request.onUsage?.(usage);
  };
  const correct = correctReservation(admission, request, estimate);
  try {
    for await (const event of upstream.chat({ ...request, onUsage }, deadline.signal)) {
      correct(event);
      yield event;
    }
  } finally {
    deadline.release();
    admission.end();
  }
}

/** Corrects the reserved tokens when the prompt is counted and when an answer is long. */
function correctReservation(
  admission: Admission,
  { promptAlreadyBilled }: ChatRequest,
  estimate: RequestTokens,
): (event: ChatEvent) => void {
  let { prompt, answer } = estimate;
  let produced = 0;
  return (event) => {
    if (event.type === "start" && !promptAlreadyBilled) {
      prompt = event.promptTokens;
      admission.reserve(prompt + answer);
    } else if (event.type === "text" || event.type === "reasoning") {
      produced += event.tokens?.length ?? 1;
      if (produced <= answer) return;
      answer = produced;
      admission.reserve(prompt + answer);
    }
  };
}
