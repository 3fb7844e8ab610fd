import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Duplex } from "node:stream";
import { createAdaptorServer } from "@hono/node-server";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { checkStrength } from "../limits/key-strength.ts";
import { ERROR_STATUS, toErrorBody } from "../protocols/shared/errors.ts";
import { type App, createApp, DEADLINE_MS } from "./app.ts";
import { boundConnections, maxConnections } from "./connections.ts";
import type { AppOptions } from "./context.ts";
import { LoopWatch, STALL_BUDGET_MS } from "./loop-watch.ts";
import { isLoopback } from "./middleware/host.ts";
import { Shutdown } from "./shutdown.ts";
import { closeStalledReaders } from "./stalled-readers.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** The address, and the keys that protect it. */
type Address = ListenOptions & Pick<AppOptions, "apiKey" | "keys">;

export interface Listening {
  /** For example http://127.0.0.1:8000. */
  readonly url: string;
  readonly port: number;
  /**
   * Refuses new requests and lets running answers finish. Shortly before `graceMs` is over it ends
   * the rest with an error that gives the reason; then it closes all connections.
   */
  close(graceMs?: number): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
const BODY_TIMEOUT_MS = 120_000;
const SECOND_LOOK_MS = 1000;
const KEEP_ALIVE_MS = 65_000;
const HEADER_BYTES = 32 * 1024;
const MAX_HEADERS = 200;
const GRACE_MS = 10_000;
/** Time before the end of the grace period at which running answers get an error. */
const TELL_MS = 1000;
/** Time in which the last bytes of answers reach their clients. */
const LAST_BYTES_MS = 500;

/**
 * Serves the API over HTTP.
 *
 * Throws invalid_option for an address that other machines can reach without a key, or that cannot
 * be bound.
 *
 * @example
 * const server = await listen({ upstream: engine, host: "127.0.0.1", port: 8000, log: () => {} });
 * console.log(server.url);
 * await server.close();
 */
export async function listen(options: AppOptions & ListenOptions): Promise<Listening> {
  refuseUnguarded(options);
  const shutdown = new Shutdown();
  const watch = watchLoop(options);
  const app = createApp({ ...options, watch, shutdown, isCrowded: () => connections.areBusy });
  const server = openServer(app);
  const connections = boundConnections(server, maxConnections());
  const { deadlineMs = DEADLINE_MS } = options;
  const { stalledMs } = LIMITS.connection;
  closeStalledReaders(server, { stalledMs, answerMs: deadlineMs + stalledMs });
  const unanswered = watchUnanswered(server);
  const { host, port } = options;
  await bind(server, options);
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return {
    url: `http://${name}:${bound}`,
    port: bound,
    close: async (graceMs = GRACE_MS) => {
      shutdown.begin();
      unanswered.closeSockets();
      server.closeIdleConnections();
      const telling = setTimeout(() => shutdown.end(), graceMs - Math.min(TELL_MS, graceMs / 2));
      const cutting = setTimeout(() => server.closeAllConnections(), graceMs);
      await unanswered.none();
      await close(server);
      clearTimeout(telling);
      clearTimeout(cutting);
      watch.stop();
    },
  };
}

function watchLoop({ log }: Pick<AppOptions, "log">): LoopWatch {
  const watch = new LoopWatch();
  watch.onStall((ms) => {
    if (ms > STALL_BUDGET_MS) log("warn", "event_loop_stalled", { ms: Math.round(ms) });
  });
  watch.start();
  return watch;
}

/**
 * Binds and frees the address of a later listen(), so that an error occurs before the model loads.
 *
 * Throws invalid_option like listen().
 */
export async function checkAddress(options: Address): Promise<void> {
  refuseUnguarded(options);
  const server = createServer();
  await bind(server, options);
  await new Promise((resolve) => server.close(resolve));
}

function refuseUnguarded({ host, apiKey, keys }: Address): void {
  const isPublic = !isLoopback(host);
  if (apiKey === undefined && keys === undefined && isPublic) {
    const why = "everyone who can reach this machine could use it";
    const out = "set VIREO_API_KEY, give --keys, or listen on 127.0.0.1";
    const message = `refusing to listen on ${host} without an API key: ${why}; ${out}`;
    throw new VireoError("invalid_option", message);
  }
  if (apiKey !== undefined && apiKey.trim() === "") {
    throw new VireoError("invalid_option", "the API key is empty; unset it or choose one");
  }
  if (apiKey !== undefined && keys === undefined && isPublic) checkStrength(apiKey, host);
}

async function bind(server: Server, { host, port }: ListenOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const reason =
        cause.code === "EADDRINUSE" ? "the port is taken" : (cause.code ?? "no reason");
      const message = `cannot listen on ${host}:${port}: ${reason}`;
      reject(new VireoError("invalid_option", message, { cause }));
    });
    server.listen(port, host.replace(/^\[|\]$/g, ""), resolve);
  });
}

function openServer(app: App): Server {
  const server = createAdaptorServer({
    fetch: app.fetch,
    // load balancers check health with HTTP/1.0, which may have no Host header
    hostname: "localhost",
    overrideGlobalObjects: false,
    createServer,
    serverOptions: {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: BODY_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 2000,
    },
  }) as Server;
  server.maxHeadersCount = MAX_HEADERS;
  refuseWhatNeverBegan(server);
  return server;
}

/**
 * Gives an overdue request a moment to be read completely. Node checks its timer before it reads,
 * so unread requests look overdue after this process was blocked.
 */
function refuseWhatNeverBegan(server: Server): void {
  const latest = new WeakMap<Duplex, IncomingMessage>();
  const whole = (socket: Duplex) => {
    const request = latest.get(socket);
    return request?.complete ? request : undefined;
  };
  server.on("request", (request) => latest.set(request.socket, request));
  server.on("clientError", (cause: NodeJS.ErrnoException, socket) => {
    if (cause.code !== "ERR_HTTP_REQUEST_TIMEOUT") return refuse(cause, socket);
    const before = whole(socket);
    setTimeout(() => {
      const after = whole(socket);
      if (after === undefined || after === before) refuse(cause, socket);
    }, SECOND_LOOK_MS);
  });
}

/** Answers a malformed request with an error and closes its connection. */
function refuse(cause: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || cause.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const error = toClientError(cause.code);
  const { status } = ERROR_STATUS[error.code];
  const body = JSON.stringify(toErrorBody(error));
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

function toClientError(code: string | undefined): VireoError {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    const message = "the request did not come in time; send it again, faster";
    return new VireoError("client_too_slow", message);
  }
  if (code === "HPE_HEADER_OVERFLOW") {
    const message = `the headers are larger than ${HEADER_BYTES} bytes; send less`;
    return new VireoError("headers_too_large", message);
  }
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") {
    return new VireoError(
      "body_too_large",
      "the extensions of the body's chunks are too large; leave them out",
    );
  }
  return new VireoError("malformed_http", "this is not HTTP/1.1 as RFC 9112 defines it");
}

interface Unanswered {
  /** Resolves when all answers have been sent. */
  none(): Promise<void>;
  /** Closes the connection of each answer from now on, whatever its client wants. */
  closeSockets(): void;
}

/** Watches requests whose answers have not been sent completely. */
function watchUnanswered(server: Server): Unanswered {
  const responses = new Set<ServerResponse>();
  let closes = false;
  let onNone = (): void => {};
  server.on("request", (request, response) => {
    const { socket } = request;
    responses.add(response);
    response.shouldKeepAlive &&= !closes;
    response.once("close", () => {
      responses.delete(response);
      // a streamed answer has promised to keep the connection before the shutdown began
      if (closes) socket.destroySoon();
      if (responses.size === 0) onNone();
    });
  });
  return {
    none: () =>
      new Promise((resolve) => {
        if (responses.size === 0) resolve();
        else onNone = resolve;
      }),
    closeSockets: () => {
      closes = true;
      for (const response of responses) response.shouldKeepAlive = false;
    },
  };
}

/** Stops listening; connections that have no request, or only a part of one, end soon. */
async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const cutting = setTimeout(() => server.closeAllConnections(), LAST_BYTES_MS);
  await closed;
  clearTimeout(cutting);
}
