import type { Context } from "hono";
import { VireoError } from "../../core/errors.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { toModelInfo, toModelPage } from "../../protocols/anthropic/models.ts";
import { toEndpoints } from "../../protocols/openai/endpoints.ts";
import { toModelBody, toModelList } from "../../protocols/openai/models.ts";
import { findModel } from "../../protocols/shared/models.ts";
import type { Env, RouteOptions } from "../context.ts";

/** Two protocols share these paths; Anthropic's clients always send this header. */
export function asksForAnthropic(c: Context<Env>): boolean {
  return c.req.header("anthropic-version") !== undefined;
}

export function listModels({ upstream, pricesOf }: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    await upstream.refresh?.();
    return asksForAnthropic(c)
      ? c.json(toModelPage(upstream.models))
      : c.json(toModelList(upstream.models, pricesOf));
  };
}

/** The id may contain slashes, written as / or as %2F. */
export function getModel({ upstream, pricesOf }: RouteOptions) {
  return (c: Context<Env>): Response => {
    const model = modelNamed(upstream.models, c.req.param("id"));
    return asksForAnthropic(c)
      ? c.json(toModelInfo(model))
      : c.json(toModelBody(model, pricesOf(model)));
  };
}

export function modelEndpoints({ upstream, pricesOf }: RouteOptions) {
  return (c: Context<Env>): Response => {
    const model = modelNamed(upstream.models, c.req.param("id"));
    const statuses = upstream.capabilities?.endpoints?.() ?? [];
    return c.json(toEndpoints(model, statuses, pricesOf(model)));
  };
}

function modelNamed(models: readonly UpstreamModel[], id = ""): UpstreamModel {
  const model = findModel(models, id);
  if (model !== undefined) return model;
  const message = `there is no model ${JSON.stringify(id.slice(0, 256))}`;
  throw new VireoError("model_not_found", message);
}
