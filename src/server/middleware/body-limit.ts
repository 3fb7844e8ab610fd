import { Readable, type Transform } from "node:stream";
import * as zlib from "node:zlib";
import type { Context } from "hono";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { parseJson } from "../../protocols/shared/json.ts";
import type { Env } from "../context.ts";

/**
 * The body of a request, read once.
 *
 * Throws body_too_large or unsupported_media_type.
 */
export async function bodyOf(c: Context<Env>): Promise<Uint8Array> {
  const known = c.get("body");
  if (known !== undefined) return known;
  const body = await readBody(c.req.raw);
  c.set("body", body);
  return body;
}

/** The body as JSON. Throws invalid_json too. */
export async function jsonOf(c: Context<Env>): Promise<unknown> {
  return parseJson(await bodyOf(c));
}

const zstd = (zlib as { readonly createZstdDecompress?: () => Transform }).createZstdDecompress;

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ["gzip", () => zlib.createGunzip()],
  ["x-gzip", () => zlib.createGunzip()],
  ["deflate", () => zlib.createInflate()],
  ["br", () => zlib.createBrotliDecompress()],
  ...(zstd === undefined ? [] : [["zstd", () => zstd()] as const]), // Node 22.15 and later
]);

/**
 * Reads the body of a JSON request and counts its bytes as they arrive, because a declared length
 * may be wrong and compressed data may expand.
 *
 * Types other than JSON are refused, because browsers send plain text across sites without asking.
 *
 * Throws body_too_large or unsupported_media_type.
 */
export async function readBody(request: Request): Promise<Uint8Array> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/(json|[\w.-]+\+json)\s*(;|$)/i.test(type)) {
    const message = "the Content-Type must be application/json";
    throw new VireoError("unsupported_media_type", message);
  }
  const length = request.headers.get("content-length");
  const declared = Number(length ?? 0);
  if (declared > LIMITS.request.bodyBytes) throw tooLarge(declared);
  const encoding = (request.headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  const isPlain = encoding === "identity" || encoding === "";
  if (isPlain && length !== null) return await readDeclared(request);
  if (request.body === null) return new Uint8Array(0);
  if (isPlain) return await collect(request.body);
  const decoder = DECODERS.get(encoding)?.();
  if (decoder === undefined) {
    const known = [...DECODERS.keys()].filter((name) => name !== "x-gzip").join(", ");
    const message = `this Content-Encoding is not supported; send ${known}, or none`;
    throw new VireoError("unsupported_media_type", message);
  }
  return await inflate(Readable.from(request.body), decoder);
}

/** HTTP enforces the declared length, so the body needs no counting stream. */
async function readDeclared(request: Request): Promise<Uint8Array> {
  const body = new Uint8Array(await request.arrayBuffer());
  if (body.length > LIMITS.request.bodyBytes) throw tooLarge(body.length);
  return body;
}

async function inflate(source: Readable, decoder: Transform): Promise<Uint8Array> {
  source.on("error", (error) => decoder.destroy(error));
  source.pipe(decoder);
  try {
    return await collect(decoder as AsyncIterable<Uint8Array>);
  } catch (error) {
    if (!isZlibError(error)) throw error;
    const message = "the body does not match its Content-Encoding, or it is truncated";
    throw new VireoError("invalid_json", message);
  } finally {
    source.destroy();
    decoder.destroy();
  }
}

/** ERR_* of the streams, Z_* of zlib, ERR__ERROR_* of brotli. */
function isZlibError(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^(Z_|ERR_|ZSTD_)/.test(code);
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > LIMITS.request.bodyBytes) throw tooLarge(bytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(actual: number): VireoError {
  const limit = LIMITS.request.bodyBytes;
  const message = `the request body has ${actual} bytes or more; at most ${limit} are accepted`;
  return new VireoError("body_too_large", message, { metadata: { limit, actual } });
}
