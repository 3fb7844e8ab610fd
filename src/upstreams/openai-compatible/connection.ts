import { type Dispatcher, errors, Pool } from "undici";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { type AnswerHeaders, failure } from "./failures.ts";

export interface ConnectionOptions {
  readonly provider: string;
  /** The operator's URL, such as `https://host/v1`. Requests go to this host only. */
  readonly baseUrl: string;
  readonly connectMs: number;
}

export interface ProviderRequest {
  readonly method: "GET" | "POST";
  /** Appended to the path of the base URL. */
  readonly path: string;
  /** The path is not under the `/v1` at the end of the base URL, but beside it. */
  readonly isBesideApi?: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Aborting it closes the connection at once, so that the provider stops its work. */
  readonly signal: AbortSignal;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** Media type without parameters, in lower case; "" if there is none. */
  readonly type: string;
  readonly body: Dispatcher.ResponseData["body"];
}

/** Idle connections close before those of servers that allow five seconds, such as Node's. */
const KEEP_ALIVE_MS = 4000;

/**
 * Connections to one provider's host, kept alive between requests.
 *
 * Redirects are not followed, so that a key never goes to another host. There are no limits on
 * waiting other than for the connection: the attempt has its own clock.
 */
export class ProviderConnection {
  private readonly options: ConnectionOptions;
  private readonly pool: Pool;
  private readonly basePath: string;

  /** Throws invalid_option for a base URL that is not http or https, or that holds a password. */
  constructor(options: ConnectionOptions) {
    const url = parseBaseUrl(options);
    this.options = options;
    this.basePath = url.pathname.replace(/\/+$/, "");
    this.pool = new Pool(url.origin, {
      connections: LIMITS.upstream.connections,
      connect: { timeout: options.connectMs },
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: LIMITS.upstream.headerBytes,
    });
  }

  /** Sends a request. Throws the signal's reason, and a failure if there is no answer. */
  async send(sent: ProviderRequest): Promise<ProviderAnswer> {
    const { path, isBesideApi = false, body, ...request } = sent;
    request.signal.throwIfAborted();
    try {
      const {
        statusCode,
        headers,
        body: answer,
      } = await this.pool.request({
        ...request,
        path: (isBesideApi ? this.basePath.replace(/\/v1$/, "") : this.basePath) + path,
        body: body ?? null,
      });
      // a destroyed body reports why; nobody listens any more
      answer.on("error", () => {});
      return { status: statusCode, headers, type: mediaType(headers), body: answer };
    } catch (error) {
      request.signal.throwIfAborted();
      throw this.noAnswer(error);
    }
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private noAnswer(error: unknown): VireoError {
    const { provider } = this.options;
    const about = { provider, fault: "unreachable" } as const;
    const cause = error instanceof Error ? { cause: error } : {};
    if (error instanceof errors.ConnectTimeoutError) {
      const message = `${provider} did not accept a connection in time; try again`;
      return failure("upstream_timeout", message, { provider, fault: "timeout" }, cause);
    }
    if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError) {
      const message = `${provider} answers with something that is not HTTP`;
      return failure("upstream_invalid_response", message, { provider, fault: "invalid" }, cause);
    }
    const message = `${provider} cannot be reached; try again`;
    return failure("upstream_unavailable", message, about, cause);
  }
}

/** Reads an answer. Undefined: it has more than `maxBytes`. Throws what the connection throws. */
export async function readAll(
  { body }: ProviderAnswer,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseBaseUrl({ provider, baseUrl }: ConnectionOptions): URL {
  const refuse = (why: string): VireoError => {
    const message = `the URL of ${provider} ${why}; it must be like https://host/v1`;
    return new VireoError("invalid_option", message, { param: "url" });
  };
  if (!URL.canParse(baseUrl)) throw refuse("is no URL");
  const url = new URL(baseUrl);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refuse("is not http or https");
  if (url.username !== "" || url.password !== "") throw refuse("holds a user or password");
  if (url.search !== "" || url.hash !== "") throw refuse("has a query or a fragment");
  return url;
}

function mediaType(headers: AnswerHeaders): string {
  const value = headers["content-type"];
  const first = Array.isArray(value) ? value[0] : value;
  return (first ?? "").split(";", 1)[0]!.trim().toLowerCase();
}
