import {
  LOCAL_NAMES,
  LOCAL_PROVIDER,
  type Upstream,
  type UpstreamModel,
} from "../core/upstream.ts";
import type { Endpoint, Provider, Route } from "./endpoint.ts";
import { Router } from "./router.ts";

/**
 * Puts a router in front of an upstream that has none, so that routing options mean the same with
 * one provider as with several. Each of its models is a route with one endpoint.
 */
export function routed(upstream: Upstream): Upstream {
  if (upstream.capabilities?.endpoints !== undefined) return upstream;
  const routes = memoized((models) => models.map((model) => routeTo(upstream, model)));
  return new Router({ routes: () => routes(upstream.models) });
}

function routeTo(upstream: Upstream, { id, aliases, provider }: UpstreamModel): Route {
  const isLocal = provider === undefined;
  const own: Provider = {
    name: provider ?? LOCAL_PROVIDER,
    aliases: isLocal ? LOCAL_NAMES : [],
    upstream,
    zeroDataRetention: isLocal,
    collectsData: false,
    isLocal,
  };
  const endpoint: Endpoint = { provider: own, model: id, weight: 1 };
  return { id, aliases, strategy: "ordered", endpoints: [endpoint] };
}

/** Computes anew only when the list of models is another one. */
function memoized(
  compute: (models: readonly UpstreamModel[]) => readonly Route[],
): (models: readonly UpstreamModel[]) => readonly Route[] {
  let latest: { readonly models: readonly UpstreamModel[]; readonly routes: readonly Route[] };
  return (models) => {
    if (latest?.models !== models) latest = { models, routes: compute(models) };
    return latest.routes;
  };
}
