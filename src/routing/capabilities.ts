import type { ChatRequest } from "../core/chat.ts";
import type { EndpointStatus, HealthReport } from "../core/endpoint-status.ts";
import { VireoError } from "../core/errors.ts";
import type { UpstreamCapabilities } from "../core/upstream.ts";
import { contextOf, describedModel, type Endpoint, pricesOf, type Route } from "./endpoint.ts";
import { checkAllowed } from "./plan.ts";

/**
 * The services of a router beside answers: those of the first endpoint that has them, because only
 * the engine of the model can count its tokens or show what it sees.
 */
export function capabilitiesOf(
  currentRoutes: () => readonly Route[],
  reportOf: (endpoint: Endpoint) => HealthReport,
): UpstreamCapabilities {
  const routes = currentRoutes();
  return {
    ...requestServices(currentRoutes),
    tokenize: firstWith(routes, "tokenize")?.tokenize,
    detokenize: firstWith(routes, "detokenize")?.detokenize,
    load: firstWith(routes, "load")?.load,
    endpoints: () =>
      currentRoutes().flatMap((route) =>
        route.endpoints.map((endpoint) => statusOf(route, endpoint, reportOf(endpoint))),
      ),
  };
}

/** Services for one request: asked of an endpoint of the request's own model. */
function requestServices(
  currentRoutes: () => readonly Route[],
): Pick<UpstreamCapabilities, "estimate" | "inspect"> {
  const found = <K extends "estimate" | "inspect">(name: K, request: ChatRequest) => {
    const routes = currentRoutes();
    checkAllowed(request, routes);
    const own = routes.find(({ id }) => id === request.model) ?? routes[0];
    const order = own === undefined ? routes : [own, ...routes];
    const endpoint = endpointWith(order, name);
    if (endpoint === undefined) throw withoutService(name);
    return {
      service: endpoint.provider.upstream.capabilities![name]!,
      own: { ...request, model: endpoint.model },
    };
  };
  const first = currentRoutes();
  return {
    estimate:
      endpointWith(first, "estimate") &&
      (async (request, options) => {
        const { service, own } = found("estimate", request);
        return await service(own, options);
      }),
    inspect: endpointWith(first, "inspect") && {
      video: async (request, signal) => {
        const { service, own } = found("inspect", request);
        return await service.video(own, signal);
      },
      document: async (request, signal) => {
        const { service, own } = found("inspect", request);
        return await service.document(own, signal);
      },
    },
  };
}

/** The configuration has changed since the service was announced. */
function withoutService(name: string): VireoError {
  const message = `no provider has the capability "${name}" any more; leave this out`;
  return new VireoError("not_implemented", message, { metadata: { capability: name } });
}

function endpointWith(
  routes: readonly Route[],
  name: keyof UpstreamCapabilities,
): Endpoint | undefined {
  return routes
    .flatMap(({ endpoints }) => endpoints)
    .find(({ provider }) => provider.upstream.capabilities?.[name] !== undefined);
}

function firstWith(
  routes: readonly Route[],
  name: keyof UpstreamCapabilities,
): UpstreamCapabilities | undefined {
  return endpointWith(routes, name)?.provider.upstream.capabilities;
}

function statusOf({ id }: Route, endpoint: Endpoint, health: HealthReport): EndpointStatus {
  const { provider, model, quantization } = endpoint;
  const described = describedModel(endpoint);
  const contextTokens = contextOf(endpoint);
  const prices = pricesOf(endpoint);
  return {
    provider: provider.name,
    model: id,
    providerModel: model,
    ready: provider.upstream.ready,
    ...(contextTokens !== undefined && { contextTokens }),
    ...(described !== undefined && { maxOutputTokens: described.maxOutputTokens }),
    ...(prices !== undefined && { prices }),
    ...(quantization !== undefined && { quantization }),
    zeroDataRetention: provider.zeroDataRetention,
    ...(described?.features !== undefined && { features: described.features }),
    health,
  };
}
