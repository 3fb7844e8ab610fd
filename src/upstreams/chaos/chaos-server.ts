import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { LIMITS } from "../../core/limits.ts";
import { FAULT_NAMES, FAULTS, type FaultName, isFaultName } from "./faults.ts";
import { FaultyAnswer } from "./faulty-answer.ts";

export interface ChaosOptions {
  /** The fault of models whose name does not say one. Default: none. */
  readonly fault?: FaultName;
  /** Tokens before a fault within an answer. Default: 3. */
  readonly afterTokens?: number;
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port?: number;
}

export interface ChaosServer {
  /** Base URL of its OpenAI-compatible API. */
  readonly url: string;
  /** Requests whose client has neither got an answer nor left. */
  readonly openRequests: number;
  readonly connections: () => Promise<number>;
  close(): Promise<void>;
}

const AFTER_TOKENS = 3;
const PREFIX = "chaos/";

/**
 * Starts a server with an OpenAI-compatible API that goes wrong on demand: the model
 * `chaos/FAULT` answers with that fault.
 */
export async function startChaos(options: ChaosOptions = {}): Promise<ChaosServer> {
  const { fault = "none", afterTokens = AFTER_TOKENS, host = "127.0.0.1", port = 0 } = options;
  let openRequests = 0;
  const server = createServer((request, response) => {
    openRequests += 1;
    response.on("close", () => {
      openRequests -= 1;
    });
    answer(request, response, { fault, afterTokens }).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}/v1`,
    get openRequests() {
      return openRequests;
    },
    connections: () => countConnections(server),
    close: () => closeServer(server),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { fault, afterTokens }: Required<Pick<ChaosOptions, "fault" | "afterTokens">>,
): Promise<void> {
  const path = request.url?.replace(/^\/v1/, "");
  if (request.method === "GET" && path === "/models") {
    const data = FAULT_NAMES.map((name) => ({
      id: PREFIX + name,
      object: "model",
      owned_by: "chaos",
    }));
    return sendJson(response, 200, { object: "list", data });
  }
  if (request.method !== "POST" || path !== "/chat/completions") {
    return sendJson(response, 404, { error: { message: "there is nothing here" } });
  }
  const body = await readBody(request);
  if (body === undefined) {
    return sendJson(response, 400, { error: { message: "the body is no chat request" } });
  }
  const model = String(body.model ?? "");
  const named = model.startsWith(PREFIX) ? model.slice(PREFIX.length) : "";
  const tools = Array.isArray(body.tools) ? body.tools : [];
  const { name: tool } = (tools[0] as { function?: { name?: string } })?.function ?? {};
  const isStreamed = body.stream === true;
  const about = { model, isStreamed, tool, afterTokens };
  await FAULTS[isFaultName(named) ? named : fault].answer(new FaultyAnswer(response, about));
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** The JSON object of a body. Undefined for anything else. */
async function readBody(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LIMITS.request.bodyBytes) return undefined;
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString());
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function countConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
