import type { ChatRequest } from "../core/chat.ts";
import type { VireoError } from "../core/errors.ts";
import { missingFeatures } from "../core/features.ts";
import { type Conversations, conversationKey } from "./conversations.ts";
import { type Candidate, describedModel, type Endpoint, type Route } from "./endpoint.ts";
import { type Exclusion, excludedBy, type Requirements } from "./filter.ts";
import type { HealthRegistry } from "./health-registry.ts";
import { orderEndpoints } from "./order.ts";
import { noEndpoint } from "./refusal.ts";

export interface PlanContext {
  readonly routes: readonly Route[];
  readonly health: HealthRegistry;
  readonly conversations: Conversations;
  readonly random: () => number;
  readonly nowMs: number;
}

export interface Plan {
  /** In the order in which they are tried; at least one. */
  readonly candidates: readonly Candidate[];
  /** Identifies the conversation. Undefined: there is nothing to choose. */
  readonly conversation: string | undefined;
}

/**
 * Decides which endpoints may answer a request and in which order they are tried: those of its own
 * model, then those of its fallback models.
 *
 * Throws what stands in the way if no endpoint may answer.
 */
export function planRequest(request: ChatRequest, context: PlanContext): Plan {
  const routes = routesFor(request, context.routes);
  const hasChoice = routes.some(({ endpoints }) => endpoints.length > 1);
  const conversation = hasChoice ? conversationKey(request) : undefined;
  const previous = conversation && context.conversations.providerOf(conversation, context.nowMs);
  const exclusions: Exclusion[] = [];
  const candidates = routes.flatMap((route) => {
    const open = route.endpoints.filter((endpoint) => {
      const exclusion = exclusionOf(endpoint, request, context);
      if (exclusion !== undefined) exclusions.push(exclusion);
      return exclusion === undefined;
    });
    const ordered = orderEndpoints(route, open, request.routing ?? {}, {
      speedOf: (endpoint) => context.health.of(endpoint),
      previous,
      random: context.random,
    });
    return ordered.map((endpoint) => ({ route, endpoint }));
  });
  if (candidates.length === 0) throw refusal(request, routes, exclusions, context);
  return { candidates, conversation };
}

/** Throws what stands in the way if no endpoint may answer a request, whatever their health. */
export function checkAllowed(request: ChatRequest, routes: readonly Route[]): void {
  const own = routesFor(request, routes);
  const endpoints = own.flatMap((route) => route.endpoints);
  const exclusions = endpoints.map((endpoint) => excludedBy(endpoint, requirementsOf(request)));
  const excluded = exclusions.filter((one) => one !== undefined);
  if (excluded.length === endpoints.length) {
    throw noEndpoint(nameOf(own), excluded, 0, request.routing);
  }
}

/** The route of the request's model, else the first, and those of its fallback models. */
function routesFor({ model, routing }: ChatRequest, routes: readonly Route[]): readonly Route[] {
  const named = (id: string) =>
    routes.find((route) => route.id === id || route.aliases.includes(id));
  const own = (model === undefined ? undefined : named(model)) ?? routes[0];
  const others = (routing?.fallbackModels ?? []).map(named);
  return [...new Set([own, ...others])].filter((route) => route !== undefined);
}

function exclusionOf(
  endpoint: Endpoint,
  request: ChatRequest,
  { health, nowMs }: PlanContext,
): Exclusion | undefined {
  const exclusion = excludedBy(endpoint, requirementsOf(request));
  if (exclusion !== undefined) return exclusion;
  const state = health.of(endpoint);
  if (state.waitMs(nowMs) === 0) return undefined;
  return { endpoint, reason: state.isResting(nowMs) ? "rate_limited" : "circuit_open" };
}

function requirementsOf(request: ChatRequest): Requirements {
  const preferences = request.routing ?? {};
  return {
    preferences,
    tenant: request.tenant,
    contextTokens: request.maxTokens ?? 1,
    missing: (endpoint) => {
      const { refused, ignored } = missingFeatures(request, describedModel(endpoint)?.features);
      return preferences.requireParameters === true ? [...refused, ...ignored] : refused;
    },
  };
}

function nameOf([first]: readonly Route[]): string {
  return first?.id ?? "any model";
}

function refusal(
  { routing }: ChatRequest,
  routes: readonly Route[],
  exclusions: readonly Exclusion[],
  { health, nowMs }: PlanContext,
): VireoError {
  const waits = exclusions
    .filter(({ reason }) => reason === "rate_limited" || reason === "circuit_open")
    .map(({ endpoint }) => health.of(endpoint).waitMs(nowMs));
  const waitMs = waits.length === 0 ? 0 : Math.min(...waits);
  return noEndpoint(nameOf(routes), exclusions, waitMs, routing);
}
