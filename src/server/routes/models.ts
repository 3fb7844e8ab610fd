import type { Context } from "hono";
import { VireoError } from "../../core/errors.ts";
import { findModel, toModelBody, toModelList } from "../../openai/models.ts";
import type { Env, RouteOptions } from "../context.ts";

export function listModels({ upstream }: RouteOptions) {
  return (c: Context<Env>): Response => c.json(toModelList(upstream.models));
}

/** The id may hold slashes, written as they are or as %2F. */
export function getModel({ upstream }: RouteOptions) {
  return (c: Context<Env>): Response => {
    const id = c.req.param("id") ?? "";
    const model = findModel(upstream.models, id);
    if (model !== undefined) return c.json(toModelBody(model));
    throw new VireoError(
      "model_not_found",
      `there is no model ${JSON.stringify(id.slice(0, 256))}`,
    );
  };
}
