import { Counter, Gauge, type Registry } from "prom-client";
import type { EndpointStatus, ReloadCounts } from "../core/endpoint-status.ts";

const LABELS = ["provider", "model_name"] as const;

/**
 * Metrics by provider and model, read from the router when they are asked for. They say nothing
 * about callers or their requests.
 */
export function addProviderMetrics(
  registry: Registry,
  statuses: () => readonly EndpointStatus[],
): void {
  const gauge = (
    name: string,
    help: string,
    read: (status: EndpointStatus) => number | undefined,
  ): void => {
    new Gauge({
      name: `vireo:provider_${name}`,
      help,
      labelNames: LABELS,
      registers: [registry],
      collect() {
        this.reset();
        for (const status of statuses()) {
          const value = read(status);
          if (value !== undefined) this.set(labelsOf(status), value);
        }
      },
    });
  };
  gauge("up", "1 if it takes requests now", ({ ready, health }) => {
    return ready && health.waitMs === 0 ? 1 : 0;
  });
  gauge("requests_running", "Attempts that have not ended", ({ health }) => health.running);
  gauge("uptime_ratio", "Share of attempts of the last half hour that succeeded", ({ health }) => {
    return health.uptime;
  });
  gauge("first_token_seconds", "Median time to the first token", ({ health }) => {
    return health.firstTokenMs && health.firstTokenMs.p50 / 1000;
  });
  gauge("tokens_per_second", "Median speed of answers", ({ health }) => health.throughput?.p50);
  addAttempts(registry, statuses);
}

function addAttempts(registry: Registry, statuses: () => readonly EndpointStatus[]): void {
  new Counter({
    name: "vireo:provider_attempts_total",
    help: "Attempts that ended, by result",
    labelNames: [...LABELS, "result"],
    registers: [registry],
    collect() {
      this.reset();
      for (const status of statuses()) {
        const { succeeded, failed } = status.health;
        this.inc({ ...labelsOf(status), result: "succeeded" }, succeeded);
        this.inc({ ...labelsOf(status), result: "failed" }, failed);
      }
    },
  });
}

function labelsOf({ provider, model }: EndpointStatus) {
  return { provider, model_name: model };
}

/** Changes of the configuration file, by whether they were taken over. */
export function addReloadMetrics(registry: Registry, counts: () => ReloadCounts): void {
  new Counter({
    name: "vireo:configuration_reloads_total",
    help: "Changes of the configuration file, by result",
    labelNames: ["result"],
    registers: [registry],
    collect() {
      this.reset();
      const { taken, refused } = counts();
      this.inc({ result: "taken" }, taken);
      this.inc({ result: "refused" }, refused);
    },
  });
}
