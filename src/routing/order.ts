import type { RoutingPreferences } from "../core/routing-preferences.ts";
import { type Endpoint, isNamed, pricesOf, type Route } from "./endpoint.ts";

/** Measured means of an endpoint. Undefined: not measured. */
export interface Speed {
  readonly firstTokenMs: number | undefined;
  /** In tokens per second. */
  readonly throughput: number | undefined;
}

export interface OrderContext {
  readonly speedOf: (endpoint: Endpoint) => Speed;
  /** The provider that answered the conversation before. Undefined: none, or a new conversation. */
  readonly previous?: string | undefined;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/**
 * The endpoints in the order in which a request tries them.
 *
 * A request's `order` comes first, then its `sort`, then the strategy of the route. Between
 * endpoints that are free to choose, a conversation stays where it was, because its prefix is
 * cached there. Endpoints that miss a preferred speed come last.
 */
export function orderEndpoints(
  { strategy }: Pick<Route, "strategy">,
  endpoints: readonly Endpoint[],
  preferences: RoutingPreferences,
  context: OrderContext,
): readonly Endpoint[] {
  const { order = [], sort, allowFallbacks = true } = preferences;
  const free = sorted(endpoints, strategy, sort, context);
  const sticky = sort === "price" ? free : previousFirst(free, context.previous);
  const fast = slowLast(sticky, preferences, context.speedOf);
  if (order.length === 0) return allowFallbacks ? fast : fast.slice(0, 1);
  const listed = order.flatMap((name) => fast.filter(({ provider }) => isNamed(provider, name)));
  return [...new Set([...listed, ...fast])];
}

function sorted(
  endpoints: readonly Endpoint[],
  strategy: Route["strategy"],
  sort: RoutingPreferences["sort"],
  { speedOf, random }: OrderContext,
): readonly Endpoint[] {
  switch (sort) {
    case "price":
      return byCost(endpoints, priceSum);
    // an endpoint that was never measured counts as the fastest, so that it gets measured
    case "latency":
      return bestOfTwo(
        byCost(endpoints, (one) => speedOf(one).firstTokenMs ?? 0),
        random,
      );
    case "throughput":
      return bestOfTwo(
        byCost(endpoints, (one) => -(speedOf(one).throughput ?? Number.POSITIVE_INFINITY)),
        random,
      );
    case undefined:
      return strategy === "weighted" ? byWeight(endpoints, random) : endpoints;
  }
}

/** Sorts by cost, lowest first; equal costs keep the order of the route. */
function byCost(
  endpoints: readonly Endpoint[],
  costOf: (endpoint: Endpoint) => number | bigint,
): readonly Endpoint[] {
  const costs = new Map(endpoints.map((one) => [one, costOf(one)]));
  return [...endpoints].sort((a, b) => {
    const [left, right] = [costs.get(a)!, costs.get(b)!];
    if (left === right) return 0;
    return left < right ? -1 : 1;
  });
}

/** Prices of prompt and answer together: a request's mixture is unknown before it is answered. */
function priceSum(endpoint: Endpoint): bigint {
  const prices = pricesOf(endpoint);
  return prices === undefined ? 0n : prices.prompt + prices.completion;
}

/**
 * Moves the better of two random endpoints to the front of a list that begins with the best.
 *
 * Always taking the best would send all requests to one endpoint until the measurements notice.
 */
function bestOfTwo(endpoints: readonly Endpoint[], random: () => number): readonly Endpoint[] {
  const count = endpoints.length;
  if (count < 3) return endpoints;
  const first = Math.floor(random() * count);
  const second = (first + 1 + Math.floor(random() * (count - 1))) % count;
  const chosen = endpoints[Math.min(first, second)]!;
  return [chosen, ...endpoints.filter((one) => one !== chosen)];
}

/** Draws all endpoints, one after the other, each with a probability that is its weight's share. */
function byWeight(endpoints: readonly Endpoint[], random: () => number): readonly Endpoint[] {
  const rest = [...endpoints];
  const drawn: Endpoint[] = [];
  while (rest.length > 0) {
    const total = rest.reduce((sum, { weight }) => sum + weight, 0);
    let left = random() * total;
    const at = rest.findIndex(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    drawn.push(...rest.splice(Math.max(0, at), 1));
  }
  return drawn;
}

function previousFirst(
  endpoints: readonly Endpoint[],
  previous: string | undefined,
): readonly Endpoint[] {
  const wasThere = ({ provider }: Endpoint) => provider.name === previous;
  return [...endpoints.filter(wasThere), ...endpoints.filter((one) => !wasThere(one))];
}

function slowLast(
  endpoints: readonly Endpoint[],
  { preferredMaxLatencyMs, preferredMinThroughput }: RoutingPreferences,
  speedOf: OrderContext["speedOf"],
): readonly Endpoint[] {
  if (preferredMaxLatencyMs === undefined && preferredMinThroughput === undefined) return endpoints;
  const isSlow = (endpoint: Endpoint): boolean => {
    const { firstTokenMs = 0, throughput = Number.POSITIVE_INFINITY } = speedOf(endpoint);
    return (
      firstTokenMs > (preferredMaxLatencyMs ?? Number.POSITIVE_INFINITY) ||
      throughput < (preferredMinThroughput ?? 0)
    );
  };
  return [...endpoints.filter((one) => !isSlow(one)), ...endpoints.filter(isSlow)];
}
