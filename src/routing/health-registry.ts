import type { BreakerOptions } from "./circuit-breaker.ts";
import { type Endpoint, endpointKey } from "./endpoint.ts";
import { EndpointHealth } from "./endpoint-health.ts";

/** The health of all endpoints. It outlives a change of the configuration. */
export class HealthRegistry {
  private breaker: BreakerOptions;
  private readonly endpoints = new Map<string, EndpointHealth>();

  constructor(breaker: BreakerOptions) {
    this.breaker = breaker;
  }

  /** Changed options begin anew: every circuit is closed, and measurements are forgotten. */
  configure(breaker: BreakerOptions): void {
    const { failures, openMs, maxOpenMs } = this.breaker;
    const isSame =
      failures === breaker.failures && openMs === breaker.openMs && maxOpenMs === breaker.maxOpenMs;
    if (isSame) return;
    this.breaker = breaker;
    this.endpoints.clear();
  }

  of(endpoint: Endpoint): EndpointHealth {
    const key = endpointKey(endpoint);
    let health = this.endpoints.get(key);
    if (health === undefined) {
      health = new EndpointHealth(endpoint.provider.isLocal === true ? undefined : this.breaker);
      this.endpoints.set(key, health);
    }
    return health;
  }

  /** Forgets endpoints that are no longer configured. */
  keepOnly(endpoints: readonly Endpoint[]): void {
    const keys = new Set(endpoints.map(endpointKey));
    for (const key of this.endpoints.keys()) if (!keys.has(key)) this.endpoints.delete(key);
  }
}
