import { type Delta, isAbort, readDeltas } from "./deltas.ts";
import { failureOfResponse, isRecord, networkFailure, RequestError } from "./failure.ts";
import type {
  ChatBody,
  DocumentInspection,
  Endpoint,
  Estimate,
  KeyInfo,
  Model,
  UploadedFile,
  VideoInspection,
} from "./types.ts";

/** Relative to the page, so that it also works behind a proxy with a path prefix. */
const BASE = "v1";

/** Sends a request. Throws RequestError if the server refuses or the connection is lost. */
async function call(path: string, key: string, init: RequestInit = {}): Promise<Response> {
  const headers = {
    ...(init.body === undefined ? {} : { "content-type": "application/json" }),
    ...(key === "" ? {} : { authorization: `Bearer ${key}` }),
  };
  let response: Response;
  try {
    response = await fetch(`${BASE}/${path}`, { ...init, headers });
  } catch (thrown) {
    if (isAbort(thrown)) throw thrown;
    throw new RequestError(networkFailure());
  }
  if (!response.ok) throw new RequestError(await failureOfResponse(response));
  return response;
}

/** Lists the server's models. Throws RequestError. */
export async function listModels(key: string, signal?: AbortSignal): Promise<readonly Model[]> {
  const response = await call("models", key, signal === undefined ? {} : { signal });
  const body: unknown = await response.json();
  if (!isRecord(body) || !Array.isArray(body.data)) return [];
  return body.data.filter((entry) => isRecord(entry) && typeof entry.id === "string");
}

/** Lists the providers of a model with their state now. Throws RequestError. */
export async function listEndpoints(
  model: string,
  key: string,
  signal: AbortSignal,
): Promise<readonly Endpoint[]> {
  const response = await call(`models/${encodeURIComponent(model)}/endpoints`, key, { signal });
  const body = (await response.json()) as { readonly data: { readonly endpoints: Endpoint[] } };
  return body.data.endpoints;
}

/** Estimates a request. Throws RequestError; status 404 means that the server has no estimates. */
export async function estimate(
  body: ChatBody,
  key: string,
  signal: AbortSignal,
): Promise<Estimate> {
  const init = { method: "POST", body: JSON.stringify(body), signal };
  return (await call("estimate", key, init)).json() as Promise<Estimate>;
}

/** Returns the frames of a video that the model sees. Throws RequestError; 501: unsupported. */
export async function inspectVideo(
  body: ChatBody,
  key: string,
  signal?: AbortSignal,
): Promise<VideoInspection> {
  return (
    await call("inspect/video", key, posted(body, signal))
  ).json() as Promise<VideoInspection>;
}

/** Returns rendered pages of a document. Throws like `inspectVideo`. */
export async function inspectDocument(
  body: ChatBody,
  key: string,
  signal?: AbortSignal,
): Promise<DocumentInspection> {
  const response = await call("inspect/document", key, posted(body, signal));
  return response.json() as Promise<DocumentInspection>;
}

/** Lists the files of this key, newest first. Throws RequestError; 404: no files are stored. */
export async function listFiles(
  key: string,
  signal: AbortSignal,
): Promise<readonly UploadedFile[]> {
  const body: unknown = await (await call("files", key, { signal })).json();
  return isRecord(body) && Array.isArray(body.data) ? body.data : [];
}

/** Throws RequestError. */
export async function deleteFile(id: string, key: string): Promise<void> {
  await call(`files/${encodeURIComponent(id)}`, key, { method: "DELETE" });
}

/** Returns the limits and the usage of this key. Throws RequestError. */
export async function getKey(key: string, signal: AbortSignal): Promise<KeyInfo> {
  const body = (await (await call("key", key, { signal })).json()) as { readonly data: KeyInfo };
  return body.data;
}

function posted(body: ChatBody, signal: AbortSignal | undefined): RequestInit {
  return {
    method: "POST",
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Streams an answer. Throws RequestError, or AbortError once the signal fires. */
export async function* streamChat(
  body: ChatBody,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<Delta, void, undefined> {
  const init = { method: "POST", body: JSON.stringify(body), signal };
  const response = await call("chat/completions", key, init);
  if (response.body === null) throw new RequestError(networkFailure());
  yield* readDeltas(response.body);
}
