import type { ChatRequest } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import type { Upstream } from "../core/upstream.ts";
import { wrapUpstream } from "../core/wrap-upstream.ts";

/** Whether nothing of a tenant's requests may be kept, by the server's or its key's policy. */
export type RetentionPolicy = (tenant: string) => boolean;

/**
 * A request under the strictest of three policies: the server's, the key's and its own.
 *
 * With zero data retention only providers that are marked so answer, and the engine caches nothing.
 */
export function underPolicy(request: ChatRequest, keepsNothing: RetentionPolicy): ChatRequest {
  const { tenant = "", routing } = request;
  if (routing?.zeroDataRetention !== true && !keepsNothing(tenant)) return request;
  return {
    ...request,
    zeroDataRetention: true,
    routing: { ...routing, zeroDataRetention: true },
  };
}

/** Applies the policies to everything that is asked of an upstream. */
export function withRetention(upstream: Upstream, keepsNothing: RetentionPolicy): Upstream {
  const { estimate, inspect } = upstream.capabilities ?? {};
  const own = (request: ChatRequest) => underPolicy(request, keepsNothing);
  return wrapUpstream(upstream, {
    chat: (request, signal) => upstream.chat(own(request), signal),
    capabilities: {
      estimate: estimate && ((request, options) => estimate(own(request), options)),
      inspect: inspect && {
        video: (request, signal) => inspect.video(own(request), signal),
        document: (request, signal) => inspect.document(own(request), signal),
      },
    },
  });
}

/** The error for something that would be stored under zero data retention. */
export function storageRefused(param: string, what: string): VireoError {
  const message = `${param} would keep ${what}, but zero data retention applies; leave it out`;
  return new VireoError("zdr_unavailable", message, { param });
}
