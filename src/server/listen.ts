import { createServer, type Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { VireoError } from "../core/errors.ts";
import { type App, createApp } from "./app.ts";
import type { AppOptions } from "./context.ts";
import { isLoopback } from "./middleware/host.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Where, and who is let in. */
type Address = ListenOptions & Pick<AppOptions, "apiKey" | "keys">;

export interface Listening {
  /** As http://127.0.0.1:8000 */
  readonly url: string;
  readonly port: number;
  /** Takes no more connections, lets answers end, and cuts off what is left after `graceMs`. */
  close(graceMs?: number): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
const BODY_TIMEOUT_MS = 120_000;
const KEEP_ALIVE_MS = 65_000;
const HEADER_BYTES = 32 * 1024;
const HEADERS_MOST = 200;
const GRACE_MS = 10_000;

/**
 * Serves the protocol over HTTP.
 *
 * Throws invalid_option for an address that others can reach without a key being asked, or that
 * cannot be listened on.
 */
export async function listen(options: AppOptions & ListenOptions): Promise<Listening> {
  refuseUnguarded(options);
  const server = openServer(createApp(options));
  const { host, port } = options;
  await bind(server, options);
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return {
    url: `http://${name}:${bound}`,
    port: bound,
    close: (graceMs = GRACE_MS) => close(server, graceMs),
  };
}

/**
 * Tries the address that listen() will take, so that a mistake shows before a model is loaded.
 *
 * Throws invalid_option as listen() does.
 */
export async function checkAddress(options: Address): Promise<void> {
  refuseUnguarded(options);
  const server = createServer();
  await bind(server, options);
  await new Promise((resolve) => server.close(resolve));
}

function refuseUnguarded({ host, apiKey, keys }: Address): void {
  if (apiKey === undefined && keys === undefined && !isLoopback(host)) {
    const why = "everybody who reaches this machine could use it";
    const out = "set VIREO_API_KEY, give --keys, or listen on 127.0.0.1";
    const message = `refusing to listen on ${host} without an API key: ${why}; ${out}`;
    throw new VireoError("invalid_option", message);
  }
  if (apiKey !== undefined && apiKey.trim() === "") {
    throw new VireoError("invalid_option", "the API key is empty; unset it or choose one");
  }
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
    overrideGlobalObjects: false,
    createServer,
    serverOptions: {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: BODY_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 5000,
    },
  }) as Server;
  server.maxHeadersCount = HEADERS_MOST;
  return server;
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
