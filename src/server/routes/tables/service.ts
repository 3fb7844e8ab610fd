import { z } from "zod";
import type { RouteOptions } from "../../context.ts";
import type { Metrics } from "../../metrics.ts";
import { metadata, release, version } from "../about.ts";
import { live, ready } from "../health.ts";
import { key } from "../key.ts";
import { metrics } from "../metrics.ts";
import type { Route } from "../route.ts";

const health = z.object({ object: z.literal("health.response"), message: z.string() });

/** Health, under the paths of Kubernetes, vLLM and NIM. */
export function healthRoutes(options: RouteOptions): Route[] {
  const get = { method: "GET", tag: "Health", answer: health, open: true } as const;
  const alive = ["/health/live", "/v1/health/live", "/livez"];
  const able = ["/health", "/health/ready", "/v1/health/ready", "/readyz"];
  return [
    ...alive.map((path): Route => {
      return { ...get, path, summary: "Whether the process is alive", handler: live };
    }),
    ...able.map((path): Route => {
      return { ...get, path, summary: "Whether the model is ready", handler: ready(options) };
    }),
  ];
}

/** Version, metrics, and the calling key. */
export function aboutRoutes(
  options: RouteOptions,
  counters: Metrics,
  programVersion: string,
): Route[] {
  const get = { method: "GET", tag: "About" } as const;
  const numbers: Omit<Route, "path"> = {
    ...get,
    summary: "Counters for Prometheus",
    type: "text/plain",
    operator: true,
    handler: metrics(counters),
  };
  return [
    {
      ...get,
      path: "/v1/key",
      summary: "Limits and usage of the calling key",
      handler: key(options),
    },
    {
      ...get,
      path: "/version",
      summary: "Version of the program",
      answer: z.object({ version: z.string() }),
      handler: version(programVersion),
    },
    {
      ...get,
      path: "/v1/version",
      summary: "Version of the program and of its API",
      answer: z.object({ release: z.string(), api: z.string() }),
      handler: release(programVersion),
    },
    {
      ...get,
      path: "/v1/metadata",
      summary: "Models, licences and version",
      handler: metadata(options, programVersion),
    },
    { ...numbers, path: "/metrics" },
    { ...numbers, path: "/v1/metrics" },
  ];
}
