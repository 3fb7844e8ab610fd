import type { Prices } from "../core/prices.ts";
import type { Upstream, UpstreamModel } from "../core/upstream.ts";

/** Limits on the time of one attempt. Undefined: no limit of its own. */
export interface AttemptLimits {
  /** Until the first token of the answer. */
  readonly firstTokenMs?: number;
  /** Between two events of the answer. */
  readonly betweenEventsMs?: number;
  /** For the whole attempt. */
  readonly totalMs?: number;
}

/** Keys of tenants at a provider, which then bills them and not the operator. */
export interface TenantKeys {
  readonly has: (tenant: string) => boolean;
  /** The operator vouches for zero data retention with such keys too. */
  readonly zeroDataRetention: boolean;
}

/** A provider: a service that runs models, as the operator declares it. */
export interface Provider {
  /** Its name in requests, answers and metrics. */
  readonly name: string;
  /** Other names that requests may use. */
  readonly aliases?: readonly string[];
  readonly upstream: Upstream;
  /** It keeps nothing of requests and answers; the operator vouches for it. */
  readonly zeroDataRetention: boolean;
  /** It may train on requests. */
  readonly collectsData: boolean;
  readonly limits?: AttemptLimits;
  /** Tenants may have keys of their own there. Undefined: none has. */
  readonly tenantKeys?: TenantKeys;
  /**
   * The engine of this process. It needs no circuit breaker, and its own queue says when it is
   * full.
   */
  readonly isLocal?: boolean;
}

/** One model at one provider. */
export interface Endpoint {
  readonly provider: Provider;
  /** Id of the model at the provider. */
  readonly model: string;
  /** Undefined: those that the provider reports, else the server's. */
  readonly prices?: Prices;
  /** Number format of the weights, such as "bf16" or "fp8". Undefined: unknown. */
  readonly quantization?: string;
  /** Undefined: as the provider reports. */
  readonly contextTokens?: number;
  /** Share of new conversations among the endpoints of a weighted route. */
  readonly weight: number;
}

/** A model that clients can name, and the endpoints that run it. */
export interface Route {
  readonly id: string;
  readonly aliases: readonly string[];
  /** ordered: the first that is available answers. weighted: chosen at random by weight. */
  readonly strategy: "ordered" | "weighted";
  readonly endpoints: readonly Endpoint[];
}

/** Whether a request is sent there with its tenant's own key. */
export function usesOwnKey({ provider }: Endpoint, tenant = ""): boolean {
  return provider.tenantKeys?.has(tenant) === true;
}

/** An endpoint that may answer a request, as a part of a route. */
export interface Candidate {
  readonly route: Route;
  readonly endpoint: Endpoint;
}

/** Identifies an endpoint in measurements and metrics. */
export function endpointKey({ provider, model }: Endpoint): string {
  return JSON.stringify([provider.name, model]);
}

/** The provider's own description of the endpoint's model. Undefined: it reports none. */
export function describedModel({ provider, model }: Endpoint): UpstreamModel | undefined {
  return provider.upstream.models.find(
    ({ id, aliases }) => id === model || aliases.includes(model),
  );
}

export function contextOf(endpoint: Endpoint): number | undefined {
  return endpoint.contextTokens ?? describedModel(endpoint)?.contextTokens;
}

export function pricesOf(endpoint: Endpoint): Prices | undefined {
  return endpoint.prices ?? describedModel(endpoint)?.prices;
}

/** Whether a name in a request means the provider: "vllm", "VLLM" and "vllm/fp8" all do. */
export function isNamed({ name, aliases = [] }: Provider, wanted: string): boolean {
  const lower = wanted.toLowerCase();
  const slug = lower.split("/")[0];
  return [name, ...aliases].some((own) => [lower, slug].includes(own.toLowerCase()));
}
