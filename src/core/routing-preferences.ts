import type { PicoUsd } from "./prices.ts";

export type RoutingSort = "price" | "latency" | "throughput";

/** Highest prices that a request accepts. */
export interface MaxPrices {
  /** Per prompt token. */
  readonly prompt?: PicoUsd;
  /** Per generated token. */
  readonly completion?: PicoUsd;
}

/**
 * A request's preferences about the provider that answers it. An absent field leaves the decision
 * to the operator's configuration.
 */
export interface RoutingPreferences {
  /** Models to try after the requested one, in this order. */
  readonly fallbackModels?: readonly string[];
  /** Providers to try first, in this order. */
  readonly order?: readonly string[];
  /** The only providers that may answer. */
  readonly only?: readonly string[];
  /** Providers that must not answer. */
  readonly ignore?: readonly string[];
  /** False: providers outside `order` are not tried; without `order`, only the first one is. */
  readonly allowFallbacks?: boolean;
  /** Only providers that support every parameter of the request may answer. */
  readonly requireParameters?: boolean;
  readonly sort?: RoutingSort;
  readonly maxPrice?: MaxPrices;
  /** Accepted number formats of the weights, such as "fp8". */
  readonly quantizations?: readonly string[];
  /** Providers with a longer time to the first token are tried last. */
  readonly preferredMaxLatencyMs?: number;
  /** Providers with a lower speed, in tokens per second, are tried last. */
  readonly preferredMinThroughput?: number;
  /** Neither this server nor the provider may store anything of the request or its answer. */
  readonly zeroDataRetention?: boolean;
  /** Only providers that do not train on requests may answer. */
  readonly denyDataCollection?: boolean;
  /** The names that errors use: those of the AI gateway. Undefined: those of OpenRouter. */
  readonly dialect?: "gateway";
}
