import type { RouteOptions } from "../context.ts";
import type { Metrics } from "../metrics.ts";
import type { Route } from "./route.ts";
import { gatewayRoutes } from "./tables/ai-gateway.ts";
import { anthropicRoutes } from "./tables/anthropic.ts";
import { extractRoute, inspectRoutes } from "./tables/documents.ts";
import { fileRoutes, uploadRoutes } from "./tables/files.ts";
import { modelRoutes } from "./tables/models.ts";
import { openaiRoutes } from "./tables/openai.ts";
import { responseRoutes } from "./tables/responses.ts";
import { aboutRoutes, healthRoutes } from "./tables/service.ts";

/** All routes except the web pages: one table per protocol or subject. */
export function routesOf(
  options: RouteOptions,
  metrics: Metrics,
  programVersion: string,
): readonly Route[] {
  return [
    ...openaiRoutes(options),
    ...responseRoutes(options),
    ...anthropicRoutes(options),
    ...gatewayRoutes(options),
    ...modelRoutes(options),
    ...inspectRoutes(options),
    ...fileRoutes(options),
    ...uploadRoutes(options),
    extractRoute(options),
    ...healthRoutes(options),
    ...aboutRoutes(options, metrics, programVersion),
  ];
}
