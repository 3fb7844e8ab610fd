import { Readable, type Transform } from "node:stream";
import * as zlib from "node:zlib";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { chunksOf } from "../body-chunks.ts";
import type { Env } from "../context.ts";

/**
 * The body of a request, read once.
 *
 * Throws body_too_large, unsupported_media_type, or server_busy if its bytes cannot be booked.
 */
export async function bodyOf(c: Context<Env>): Promise<Uint8Array> {
  const known = c.get("body");
  if (known !== undefined) return known;
  const booking = c.get("memory")?.take(c.get("tenant") ?? "", 0);
  if (booking !== undefined) c.set("booking", booking);
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  const book = (bytes: number): void => booking?.grow(bytes);
  const body = await readBody(c.req.raw, incoming, book).catch((error: unknown) => {
    if (incoming?.complete !== true) c.header("connection", "close"); // it has an unread rest
    throw error;
  });
  c.set("body", body);
  return body;
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
 * Types other than JSON are refused, because browsers send plain text across sites without a
 * preflight request.
 *
 * incoming: the request as Node.js has it; undefined outside of a server. book: called before the
 * given number of bytes is stored; it may throw.
 * Throws body_too_large or unsupported_media_type.
 */
async function readBody(
  request: Request,
  incoming: AsyncIterable<Uint8Array> | undefined,
  book: Book,
): Promise<Uint8Array> {
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
  if (isPlain && length !== null) {
    book(declared);
    if (incoming !== undefined) return await fill(new Uint8Array(declared), incoming);
    return new Uint8Array(await request.arrayBuffer());
  }
  if (request.body === null) return new Uint8Array(0);
  const chunks = chunksOf(request.body);
  if (isPlain) return await collect(chunks, book);
  const decoder = DECODERS.get(encoding)?.();
  if (decoder === undefined) {
    const known = [...DECODERS.keys()].filter((name) => name !== "x-gzip").join(", ");
    const message = `this Content-Encoding is not supported; send ${known}, or none`;
    throw new VireoError("unsupported_media_type", message);
  }
  return await inflate(Readable.from(chunks), decoder, book);
}

type Book = (bytes: number) => void;

/**
 * Copies a body of declared length, which HTTP enforces, chunk by chunk as it arrives: joining the
 * chunks of 64 MiB at the end would block the event loop for 65 ms.
 */
async function fill(body: Uint8Array, chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let at = 0;
  for await (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

async function inflate(source: Readable, decoder: Transform, book: Book): Promise<Uint8Array> {
  source.on("error", (error) => decoder.destroy(error));
  source.pipe(decoder);
  try {
    return await collect(decoder as AsyncIterable<Uint8Array>, book);
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

async function collect(body: AsyncIterable<Uint8Array>, book: Book): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > LIMITS.request.bodyBytes) throw tooLarge(bytes);
    book(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(actual: number): VireoError {
  const limit = LIMITS.request.bodyBytes;
  const message = `the request body has ${actual} bytes or more; at most ${limit} are accepted`;
  return new VireoError("body_too_large", message, { metadata: { limit, actual } });
}
