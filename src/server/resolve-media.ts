import type { ChatMessage, ChatRequest } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { Upstream } from "../core/upstream.ts";
import { wrapUpstream } from "../core/wrap-upstream.ts";
import { fetchAll, type MediaFetcher } from "../egress/media-fetcher.ts";
import type { FileStore } from "../files/store.ts";
import { remoteMedia, withFetched } from "../protocols/shared/media.ts";
import { type StoredFile, storedMedia, withStored } from "../protocols/shared/stored.ts";
import { storageRefused } from "./retention.ts";

/** Sources of media that requests refer to by URL or by id. */
export interface MediaPlaces {
  /** Undefined: requests with URLs fail with media_fetch_blocked. */
  readonly media: MediaFetcher | undefined;
  /** Undefined: requests with file ids fail with unsupported_parameter. */
  readonly files: FileStore | undefined;
}

/**
 * Wraps an upstream: fetches media that requests refer to by URL, and reads media that they refer
 * to by id. It runs inside the tenant's limits and the request's deadline, so nothing is fetched
 * for a refused request.
 */
export function resolvingMedia(upstream: Upstream, places: MediaPlaces): Upstream {
  // Several answers to one request share its messages, so the files are read once.
  const fetched = new WeakMap<readonly ChatMessage[], Promise<readonly ChatMessage[]>>();
  const complete = async (request: ChatRequest, signal?: AbortSignal): Promise<ChatRequest> => {
    if (isComplete(request)) return request;
    const messages = fetched.get(request.messages) ?? completeMessages(request, places, signal);
    fetched.set(request.messages, messages);
    return { ...request, messages: await messages };
  };
  async function* chatOfComplete(request: ChatRequest, signal?: AbortSignal) {
    yield* upstream.chat(await complete(request, signal), signal);
  }
  const { estimate, inspect } = upstream.capabilities ?? {};
  return wrapUpstream(upstream, {
    capabilities: {
      estimate:
        estimate &&
        (async (request, options) => estimate(await complete(request, options?.signal), options)),
      inspect: inspect && {
        video: async (request, signal) => inspect.video(await complete(request, signal), signal),
        document: async (request, signal) =>
          inspect.document(await complete(request, signal), signal),
      },
    },
    chat(request, signal) {
      return isComplete(request) ? upstream.chat(request, signal) : chatOfComplete(request, signal);
    },
  });
}

function isComplete(request: ChatRequest): boolean {
  return remoteMedia(request).length === 0 && storedMedia(request).length === 0;
}

/** Returns the request's messages with the bytes of all media to which they refer. */
export async function completeMessages(
  request: ChatRequest,
  { media, files }: MediaPlaces,
  signal?: AbortSignal,
): Promise<readonly ChatMessage[]> {
  const messages = await readFiles(request, files);
  return await fetchFiles({ ...request, messages }, media, signal);
}

async function readFiles(
  request: ChatRequest,
  store: FileStore | undefined,
): Promise<readonly ChatMessage[]> {
  const named = storedMedia(request);
  const [first] = named;
  if (first === undefined) return request.messages;
  if (request.zeroDataRetention === true) throw storageRefused(first.param, "the stored file");
  if (store === undefined) {
    const { param, type } = first;
    const message = `${param}: this server stores no files; send the ${type} as a data: URL`;
    throw new VireoError("unsupported_parameter", message, { param });
  }
  const { tenant = "" } = request;
  const records = new Map(
    named.map(({ fileId, param }) => [fileId, store.find(tenant, fileId, param)]),
  );
  const actual = [...records.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  const limit = LIMITS.request.namedFileBytes;
  if (actual > limit) {
    const message = `the files that are named have ${actual} bytes together; at most ${limit}`;
    throw new VireoError("media_too_large", message, { metadata: { limit, actual } });
  }
  const read = new Map<string, StoredFile>();
  for (const [id, record] of records) {
    read.set(id, { bytes: await store.read(record), type: record.type });
  }
  return withStored(request.messages, read);
}

async function fetchFiles(
  request: ChatRequest,
  media: MediaFetcher | undefined,
  signal?: AbortSignal,
): Promise<readonly ChatMessage[]> {
  const named = remoteMedia(request);
  const [first] = named;
  if (first === undefined) return request.messages;
  if (media === undefined) {
    const { param, type } = first;
    const message = `${param}: this server fetches nothing; send the ${type} as a data: URL`;
    throw new VireoError("media_fetch_blocked", message, { param });
  }
  const files = await fetchAll(media, named, LIMITS.fetch.bytes, signal);
  return withFetched(request.messages, files);
}
