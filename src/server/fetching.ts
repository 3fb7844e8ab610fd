import type { ChatMessage, ChatRequest, Upstream } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { wrapUpstream } from "../core/wrap-upstream.ts";
import { fetchAll, type MediaFetcher } from "../egress/media-fetcher.ts";
import { remoteMedia, withFetched } from "../openai/media.ts";

/**
 * An upstream that fetches the pictures and videos that requests name by URL. It stands behind the
 * limits of tenants and inside a request's deadline, and nothing is fetched for a request that is
 * refused.
 *
 * media: undefined if nothing is fetched; such requests end with media_fetch_blocked.
 */
export function fetching(upstream: Upstream, media: MediaFetcher | undefined): Upstream {
  // Several answers to one request share its messages, and need the files once.
  const fetched = new WeakMap<readonly ChatMessage[], Promise<ChatMessage[]>>();
  const complete = async (request: ChatRequest, signal?: AbortSignal): Promise<ChatRequest> => {
    if (remoteMedia(request).length === 0) return request;
    const messages = fetched.get(request.messages) ?? fetchFiles(request, media, signal);
    fetched.set(request.messages, messages);
    return { ...request, messages: await messages };
  };
  async function* chatOfComplete(request: ChatRequest, signal?: AbortSignal) {
    yield* upstream.chat(await complete(request, signal), signal);
  }
  const { look } = upstream;
  return wrapUpstream(upstream, {
    look: look && {
      video: async (request, signal) => look.video(await complete(request, signal), signal),
      document: async (request, signal) => look.document(await complete(request, signal), signal),
    },
    chat(request, signal) {
      if (remoteMedia(request).length > 0) return chatOfComplete(request, signal);
      return upstream.chat(request, signal);
    },
    estimate: async (request, signal) => upstream.estimate(await complete(request, signal), signal),
  });
}

async function fetchFiles(
  request: ChatRequest,
  media: MediaFetcher | undefined,
  signal?: AbortSignal,
): Promise<ChatMessage[]> {
  const named = remoteMedia(request);
  const [first] = named;
  if (media === undefined) {
    const param = first?.param ?? "messages";
    const what = first?.type ?? "file";
    const message = `${param}: this server fetches nothing; send the ${what} as a data: URL`;
    throw new VireoError("media_fetch_blocked", message, { param });
  }
  const files = await fetchAll(media, named, LIMITS.fetchedBytes, signal);
  return withFetched(request.messages, files);
}
