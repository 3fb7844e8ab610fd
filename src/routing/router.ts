import type { AnsweredBy, ChatEvent, ChatRequest } from "../core/chat.ts";
import type { ReloadCounts } from "../core/endpoint-status.ts";
import { VireoError } from "../core/errors.ts";
import { type CountTokens, roughCount } from "../core/token-count.ts";
import type { Upstream, UpstreamCapabilities, UpstreamModel } from "../core/upstream.ts";
import { runAttempt } from "./attempt.ts";
import { Bill } from "./bill.ts";
import { capabilitiesOf } from "./capabilities.ts";
import { type BreakerOptions, DEFAULT_BREAKER } from "./circuit-breaker.ts";
import { continued } from "./continuation.ts";
import { Conversations } from "./conversations.ts";
import type { Candidate, Endpoint, Route } from "./endpoint.ts";
import { allFailed, type Failure } from "./failures.ts";
import { HealthRegistry } from "./health-registry.ts";
import { heldBack } from "./held-back.ts";
import { type Plan, planRequest } from "./plan.ts";
import { modelOf } from "./routed-model.ts";
import { AttemptSpan } from "./tracing.ts";

export interface RouterOptions {
  /** The models that clients can name; the first is the default. Read at each request. */
  readonly routes: () => readonly Route[];
  /** Undefined: the router measures anew. */
  readonly health?: HealthRegistry;
  readonly breaker?: BreakerOptions;
  /** An answer that breaks off is continued by another provider. Default: it fails. */
  readonly continuesAnswers?: () => boolean;
  /** Reported as a capability, for the server to apply to every request. */
  readonly zeroDataRetention?: () => boolean;
  /** Changes of the configuration. Undefined: it has no file. */
  readonly reloads?: () => ReloadCounts;
  /** Counts tokens where a provider does not. Default: one per four bytes. */
  readonly countTokens?: CountTokens;
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/**
 * One upstream in front of several providers.
 *
 * A request is tried at one endpoint after the other until the first part of an answer is there.
 * Up to then a failure goes unnoticed, because nothing has reached the client; after it a failure
 * is an error, or another provider continues the answer if the operator allows that.
 */
export class Router implements Upstream {
  private readonly options: RouterOptions;
  private readonly health: HealthRegistry;
  private readonly conversations = new Conversations();
  private readonly now: () => number;
  private readonly random: () => number;

  constructor(options: RouterOptions) {
    this.options = options;
    this.health = options.health ?? new HealthRegistry(options.breaker ?? DEFAULT_BREAKER);
    this.now = options.now ?? (() => performance.now());
    this.random = options.random ?? Math.random;
  }

  get routes(): readonly Route[] {
    return this.options.routes();
  }

  get models(): readonly UpstreamModel[] {
    return this.routes.map(modelOf);
  }

  /** True if one of the providers is. */
  get ready(): boolean {
    return this.upstreams.some(({ ready }) => ready);
  }

  get capabilities(): UpstreamCapabilities {
    const { routes, reloads, zeroDataRetention } = this.options;
    const reportOf = (endpoint: Endpoint) => this.health.of(endpoint).report(this.now());
    return { ...capabilitiesOf(routes, reportOf), reloads, zeroDataRetention };
  }

  /** Asks every provider for its models; one that fails keeps those that it had. */
  async refresh(): Promise<void> {
    await Promise.allSettled(this.upstreams.map((upstream) => upstream.refresh?.()));
  }

  /**
   * Throws what stands in the way if no provider may answer, the caller's fault as the provider
   * states it, and else the failures of all attempts as one error.
   */
  async *chat(request: ChatRequest, signal?: AbortSignal): AsyncGenerator<ChatEvent> {
    const plan = this.plan(request);
    const bill = new Bill(request, this.options.countTokens ?? roughCount);
    const failures: Failure[] = [];
    const continuedBy: string[] = [];
    const [first, ...others] = plan.candidates;
    const isOnlyLocal = others.length === 0 && first?.endpoint.provider.isLocal === true;
    const isHeld = request.readsWhole === true && !isOnlyLocal;
    try {
      for (const candidate of plan.candidates) {
        const { endpoint } = candidate;
        // it may have failed for others since the plan was made
        if (failures.length > 0 && this.health.of(endpoint).waitMs(this.now()) > 0) continue;
        const isContinuation = !bill.delivery.isEmpty;
        const own = isContinuation ? continued(request, bill.delivery, endpoint) : request;
        if (own === undefined) continue;
        if (isContinuation) continuedBy.push(endpoint.provider.name);
        bill.begin(candidate);
        const attempted = runAttempt(own, {
          endpoint,
          health: this.health.of(endpoint),
          delivery: isHeld ? undefined : bill.delivery,
          onReport: (usage) => bill.report(usage),
          answeredBy: isContinuation ? undefined : answererOf(candidate, failures.length + 1),
          startsAtOnce: isOnlyLocal,
          span: new AttemptSpan(request, candidate, failures.length + 1),
          signal,
          now: this.now,
        });
        const result = yield* isHeld ? heldBack(attempted, bill.delivery) : attempted;
        if (result.type === "answered") {
          if (request.zeroDataRetention !== true) this.remember(plan, candidate);
          const usage = bill.complete(result.end.usage);
          yield { ...result.end, usage, ...(continuedBy.length > 0 && { continuedBy }) };
          return;
        }
        failures.push(result.failure);
        const { attempt, error } = result.failure;
        if (attempt.callerFault || isOnlyLocal) throw error;
        if (!bill.delivery.isEmpty && this.options.continuesAnswers?.() !== true) break;
      }
      throw bill.delivery.isEmpty ? allFailed(failures) : brokenOff(failures);
    } finally {
      bill.close();
    }
  }

  private plan(request: ChatRequest): Plan {
    return planRequest(request, {
      routes: this.routes,
      health: this.health,
      conversations: this.conversations,
      random: this.random,
      nowMs: this.now(),
    });
  }

  private remember({ conversation }: Plan, { endpoint }: Candidate): void {
    if (conversation === undefined) return;
    this.conversations.remember(conversation, endpoint.provider.name, this.now());
  }

  private get upstreams(): readonly Upstream[] {
    const endpoints = this.routes.flatMap((route) => route.endpoints);
    return [...new Set(endpoints.map(({ provider }) => provider.upstream))];
  }
}

function answererOf({ route, endpoint }: Candidate, attempts: number): AnsweredBy {
  return { provider: endpoint.provider.name, model: route.id, attempts };
}

/** The error of an answer that broke off after a part of it had been delivered. */
function brokenOff(failures: readonly Failure[]): VireoError {
  const error = allFailed(failures.slice(-1));
  const { metadata, cause, code } = error;
  const message = `the answer broke off: ${error.message}`;
  return new VireoError(code, message, { ...(metadata && { metadata }), cause });
}
