import type { Feature } from "./features.ts";
import type { Prices } from "./prices.ts";

/** closed: requests pass. open: none does. half_open: one passes, to probe. */
export type BreakerState = "closed" | "open" | "half_open";

/** p99 is the value of the worst one in a hundred, whether high or low values are bad. */
export interface Percentiles {
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p99: number;
}

/** The health of an endpoint. Counters count attempts since the server was started. */
export interface HealthReport {
  readonly state: BreakerState;
  /** Time until it takes requests again; 0: now. */
  readonly waitMs: number;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Share of the attempts of the last half hour that succeeded, 0 to 1. Undefined: none ended. */
  readonly uptime?: number;
  readonly firstTokenMs?: Percentiles;
  /** In tokens per second. */
  readonly throughput?: Percentiles;
  readonly lastError?: { readonly code: string; readonly agoMs: number };
}

/** One model at one provider, as operators and clients see it. */
export interface EndpointStatus {
  readonly provider: string;
  /** Id under which clients name the model. */
  readonly model: string;
  /** Id of the model at the provider. */
  readonly providerModel: string;
  readonly ready: boolean;
  readonly contextTokens?: number;
  readonly maxOutputTokens?: number;
  readonly prices?: Prices;
  readonly quantization?: string;
  readonly zeroDataRetention: boolean;
  /** Features of requests that it offers. Undefined: all. */
  readonly features?: ReadonlySet<Feature>;
  readonly health: HealthReport;
}

/** Changes of the configuration file since the server was started. */
export interface ReloadCounts {
  readonly taken: number;
  readonly refused: number;
}
