import type { Context } from "hono";
import type { ChatRequest } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import type { Inspector } from "../../core/inspection.ts";
import { parseChatRequest } from "../../protocols/openai/chat.ts";
import { requireModel } from "../../protocols/shared/models.ts";
import { toDocumentLook, toVideoLook } from "../../protocols/vireo/inspect.ts";
import type { Env, RouteOptions } from "../context.ts";
import { jsonOf } from "../middleware/body-limit.ts";

/** What the model is shown of the one video of a conversation. */
export function inspectVideo(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const { inspector, request, model } = await asked(c, options);
    return c.json(toVideoLook(await inspector.video(request, c.req.raw.signal), model));
  };
}

/** Pages of the one document of a conversation. */
export function inspectDocument(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const { inspector, request, model } = await asked(c, options);
    return c.json(toDocumentLook(await inspector.document(request, c.req.raw.signal), model));
  };
}

interface Asked {
  readonly inspector: Inspector;
  readonly request: ChatRequest;
  readonly model: string;
}

async function asked(c: Context<Env>, { upstream }: RouteOptions): Promise<Asked> {
  const parsed = parseChatRequest(await jsonOf(c), upstream.models);
  const model = requireModel(upstream.models, parsed.model, parsed.request.maxTokens);
  if (upstream.inspector === undefined) {
    const message = `${model.id} answers, but shows nothing of what it sees; leave this out`;
    throw new VireoError("not_implemented", message);
  }
  return {
    inspector: upstream.inspector,
    request: { ...parsed.request, tenant: c.get("tenant") },
    model: model.id,
  };
}
