import type { RoutingPreferences } from "../core/routing-preferences.ts";
import { contextOf, type Endpoint, isNamed, pricesOf, usesOwnKey } from "./endpoint.ts";

export type ExclusionReason =
  | "order"
  | "only"
  | "ignore"
  | "max_price"
  | "quantizations"
  | "data_collection"
  | "zdr"
  | "context"
  | "parameters"
  | "rate_limited"
  | "circuit_open";

/** An endpoint that may not answer a request, and why. */
export interface Exclusion {
  readonly endpoint: Endpoint;
  readonly reason: ExclusionReason;
  /** Such as the parameters that it does not support. */
  readonly detail?: string;
}

/** Facts about a request that an endpoint must satisfy. */
export interface Requirements {
  readonly preferences: RoutingPreferences;
  readonly tenant?: string | undefined;
  /** Minimum context: the tokens of the answer, before the prompt is counted. */
  readonly contextTokens: number;
  /** Names of what the request uses and the endpoint cannot do. */
  readonly missing: (endpoint: Endpoint) => readonly string[];
}

/** The reason why an endpoint may not answer a request, whatever its health. Undefined: it may. */
export function excludedBy(
  endpoint: Endpoint,
  { preferences, tenant, contextTokens, missing }: Requirements,
): Exclusion | undefined {
  const exclude = (reason: ExclusionReason, detail?: string): Exclusion => {
    return { endpoint, reason, ...(detail !== undefined && { detail }) };
  };
  const named = (names: readonly string[]) =>
    names.some((name) => isNamed(endpoint.provider, name));
  const { only, ignore, order, allowFallbacks = true, quantizations } = preferences;
  if (only !== undefined && only.length > 0 && !named(only)) return exclude("only");
  if (ignore !== undefined && named(ignore)) return exclude("ignore");
  if (!allowFallbacks && order !== undefined && order.length > 0 && !named(order)) {
    return exclude("order");
  }
  if (preferences.zeroDataRetention === true && !keepsNothing(endpoint, tenant)) {
    return exclude("zdr");
  }
  if (preferences.denyDataCollection === true && endpoint.provider.collectsData) {
    return exclude("data_collection");
  }
  if (
    quantizations !== undefined &&
    quantizations.length > 0 &&
    !hasFormat(endpoint, quantizations)
  )
    return exclude("quantizations", endpoint.quantization ?? "unknown");
  if (isTooExpensive(endpoint, preferences)) return exclude("max_price");
  const context = contextOf(endpoint);
  if (context !== undefined && context < contextTokens) return exclude("context", String(context));
  const lacking = missing(endpoint);
  return lacking.length > 0 ? exclude("parameters", lacking.join(", ")) : undefined;
}

/** The operator vouches for requests with its own key; those with a tenant's own key need more. */
function keepsNothing(endpoint: Endpoint, tenant: string | undefined): boolean {
  const { zeroDataRetention, tenantKeys } = endpoint.provider;
  if (!zeroDataRetention) return false;
  return !usesOwnKey(endpoint, tenant) || tenantKeys?.zeroDataRetention === true;
}

function hasFormat({ quantization = "unknown" }: Endpoint, accepted: readonly string[]): boolean {
  return accepted.some((name) => name.toLowerCase() === quantization.toLowerCase());
}

/** An endpoint without prices is free. */
function isTooExpensive(endpoint: Endpoint, { maxPrice }: RoutingPreferences): boolean {
  const prices = pricesOf(endpoint);
  if (maxPrice === undefined || prices === undefined) return false;
  const { prompt, completion } = maxPrice;
  return (
    (prompt !== undefined && prices.prompt > prompt) ||
    (completion !== undefined && prices.completion > completion)
  );
}
