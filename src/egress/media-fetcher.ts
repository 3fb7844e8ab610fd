import { lookup as resolve } from "node:dns/promises";
import { Agent, type Dispatcher, request } from "undici";
import { VireoError } from "../core/errors.ts";
import { blocked, checkMediaUrl } from "./address.ts";
import { isPublicAddress } from "./public-address.ts";

/** none: nothing is fetched. public: public addresses only. any: private networks too. */
export type MediaUrls = "none" | "public" | "any";

const MAX_REDIRECTS = 3;
const CONNECT_MS = 5000;
const TOTAL_MS = 20_000;
const REDIRECT_STATUS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * The only place in this program that connects to an address from a request.
 *
 * A name is resolved once, when the connection is made, and all of its addresses must be public, so
 * a second answer of the name server has no effect. Each redirect is checked like the first URL.
 * The request carries no cookies, keys or referrer.
 */
export class MediaFetcher {
  private readonly urls: MediaUrls;
  private readonly agent: Agent;

  constructor(urls: MediaUrls) {
    this.urls = urls;
    const anyAddress = urls === "any";
    this.agent = new Agent({
      connections: 8,
      connect: {
        timeout: CONNECT_MS,
        lookup: (name, _options, done) => {
          resolveChecked(name, anyAddress).then(
            (addresses) => done(null, addresses),
            (error: NodeJS.ErrnoException) => done(error, []),
          );
        },
      },
      headersTimeout: TOTAL_MS,
      bodyTimeout: TOTAL_MS,
      keepAliveTimeout: 1,
    });
  }

  /**
   * Returns the bytes at a URL, at most `maxBytes`.
   *
   * Throws media_fetch_blocked, media_fetch_failed (the other side's fault), media_too_large, or
   * the signal's reason.
   */
  async fetch(text: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
    if (this.urls === "none") throw blocked("this server fetches no URLs");
    const timeout = AbortSignal.timeout(TOTAL_MS);
    const both = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    try {
      return await this.follow(text, maxBytes, both);
    } catch (error) {
      signal?.throwIfAborted();
      throw toFetchError(error);
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async follow(text: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    let url = checkMediaUrl(text, this.urls === "any");
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const { statusCode, headers, body } = await request(url.href, {
        dispatcher: this.agent,
        signal,
        headers: { accept: "image/*,video/*,application/pdf", "user-agent": "vireo" },
      });
      if (!REDIRECT_STATUS.includes(statusCode)) {
        if (statusCode === 200) return await readUpTo(body, maxBytes);
        discard(body);
        throw failed(`it answered with status ${statusCode}`, statusCode);
      }
      discard(body);
      const { location } = headers;
      if (typeof location !== "string" || !URL.canParse(location, url.href)) {
        throw failed("it redirects to nowhere", statusCode);
      }
      url = checkMediaUrl(new URL(location, url.href).href, this.urls === "any");
    }
    throw blocked(`it redirects more than ${MAX_REDIRECTS} times`);
  }
}

async function resolveChecked(name: string, anyAddress: boolean) {
  const addresses = await resolve(name, { all: true });
  if (!anyAddress && !addresses.every(({ address }) => isPublicAddress(address))) {
    throw blocked("its address is not public");
  }
  return addresses;
}

async function readUpTo(body: Body, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const piece = chunk as Uint8Array;
    bytes += piece.length;
    if (bytes > maxBytes) {
      discard(body);
      const message = `the file at the media URL has more than ${maxBytes} bytes`;
      throw new VireoError("media_too_large", message, { metadata: { limit: maxBytes } });
    }
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}

type Body = Dispatcher.ResponseData["body"];

/** Closes the connection; the unread rest of the body is not an error. */
function discard(body: Body): void {
  body.on("error", () => {});
  body.destroy();
}

function failed(why: string, status?: number): VireoError {
  const metadata = status === undefined ? {} : { metadata: { status } };
  const message = `the media URL could not be fetched: ${why}`;
  return new VireoError("media_fetch_failed", message, metadata);
}

/** Hides the library's own messages, which may contain addresses. */
function toFetchError(error: unknown): VireoError {
  if (error instanceof VireoError) return error;
  if (error instanceof Error && error.cause instanceof VireoError) return error.cause;
  const name = error instanceof Error ? error.name : "";
  return failed(/Timeout/.test(name) ? "it took too long" : "there was no answer");
}

/** A URL in a request, with the field that holds it. */
export interface NamedUrl {
  readonly url: string;
  readonly param: string;
  /** Maximum size of this file. */
  readonly maxBytes: number;
}

/**
 * Fetches each URL once, a few at a time; all files together have at most `maxBytes` bytes.
 *
 * Throws what `fetch` throws, with the field's name, and then aborts the other fetches.
 */
export async function fetchAll(
  fetcher: MediaFetcher,
  urls: readonly NamedUrl[],
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const waiting = [...new Map(urls.map((named) => [named.url, named])).values()];
  const over = new AbortController();
  const both = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  let bytesLeft = maxBytes;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { url, param, maxBytes: maxFileBytes } = next;
      try {
        const bytes = await fetcher.fetch(url, Math.min(maxFileBytes, bytesLeft), both);
        bytesLeft -= bytes.length;
        if (bytesLeft < 0) throw tooMuch(maxBytes);
        files.set(url, bytes);
      } catch (error) {
        const named = nameField(error, param);
        over.abort(named);
        throw named;
      }
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return files;
}

function tooMuch(limit: number): VireoError {
  const message = `the files at the media URLs have more than ${limit} bytes together`;
  return new VireoError("media_too_large", message, { metadata: { limit } });
}

function nameField(error: unknown, param: string): unknown {
  if (!(error instanceof VireoError) || error.param !== undefined) return error;
  const { code, message, metadata } = error;
  const known = metadata === undefined ? {} : { metadata };
  return new VireoError(code, `${param}: ${message}`, { param, ...known });
}
