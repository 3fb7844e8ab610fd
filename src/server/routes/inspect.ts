import type { Context } from "hono";
import type { ChatRequest } from "../../core/chat.ts";
import type { Inspector } from "../../core/inspection.ts";
import { requireCapability } from "../../core/upstream.ts";
import { requireModel } from "../../protocols/shared/models.ts";
import { toDocumentInspection, toVideoInspection } from "../../protocols/vireo/inspect.ts";
import type { Env, RouteOptions } from "../context.ts";
import { parseBody } from "../parsing/parse-body.ts";

/** The frames that the model sees of a conversation's one video. */
export function inspectVideo(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const { inspector, request, model } = await readRequest(c, options);
    return c.json(toVideoInspection(await inspector.video(request, c.req.raw.signal), model));
  };
}

/** Pages of a conversation's one document. */
export function inspectDocument(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const { inspector, request, model } = await readRequest(c, options);
    return c.json(toDocumentInspection(await inspector.document(request, c.req.raw.signal), model));
  };
}

interface InspectionRequest {
  readonly inspector: Inspector;
  readonly request: ChatRequest;
  readonly model: string;
}

async function readRequest(c: Context<Env>, options: RouteOptions): Promise<InspectionRequest> {
  const { upstream } = options;
  const parsed = await parseBody(c, options, "chat");
  const model = requireModel(upstream.models, parsed.model, parsed.request.maxTokens);
  return {
    inspector: requireCapability(upstream, "inspect"),
    request: { ...parsed.request, model: model.id, tenant: c.get("tenant") },
    model: model.id,
  };
}
