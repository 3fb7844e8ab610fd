import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";

/**
 * Reads a JSON request's body, counting while it comes: a declared length may lie.
 *
 * A type other than JSON is refused, because browsers send text to other sites without asking.
 *
 * Throws body_too_large or unsupported_media_type.
 */
export async function readBody(request: Request): Promise<Uint8Array> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/(json|[\w.-]+\+json)\s*(;|$)/i.test(type)) {
    const message = "the Content-Type must be application/json";
    throw new VireoError("unsupported_media_type", message);
  }
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") {
    const message = "compressed request bodies are not read; send without Content-Encoding";
    throw new VireoError("unsupported_media_type", message);
  }
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > LIMITS.bodyBytes) throw tooLarge(declared);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > LIMITS.bodyBytes) throw tooLarge(bytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(actual: number): VireoError {
  const limit = LIMITS.bodyBytes;
  const message = `the request body has ${actual} bytes or more; at most ${limit} are taken`;
  return new VireoError("body_too_large", message, { metadata: { limit, actual } });
}
