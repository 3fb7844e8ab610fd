import { silentLog } from "../../src/core/log.ts";
import type { KeyRing } from "../../src/limits/keys.ts";
import type { Provider, Route } from "../../src/routing/endpoint.ts";
import { Router } from "../../src/routing/router.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { type ChaosServer, startChaos } from "../../src/upstreams/chaos/chaos-server.ts";
import { FAULT_NAMES, FAULTS, type FaultName } from "../../src/upstreams/chaos/faults.ts";
import { WORDS } from "../../src/upstreams/chaos/faulty-answer.ts";
import {
  createOpenAiCompatible,
  type RemoteUpstream,
} from "../../src/upstreams/openai-compatible/upstream.ts";

/** One cell of the wall: a fault, asked for in one way. */
export interface Cell {
  readonly fault: FaultName;
  readonly isStreamed: boolean;
  /** A second provider, without faults, follows. */
  readonly hasFallback: boolean;
}

export const CELLS: readonly Cell[] = FAULT_NAMES.flatMap((fault) =>
  [true, false].flatMap((isStreamed) =>
    [false, true].map((hasFallback) => ({ fault, isStreamed, hasFallback })),
  ),
);

/** The client's view of an answer, and what the server booked for it. */
export interface CellResult {
  readonly status: number;
  /** The text that the client received. */
  readonly text: string;
  /** The client can tell that the answer is complete. */
  readonly isComplete: boolean;
  /** The client can tell that it failed. */
  readonly isFailed: boolean;
  readonly provider: string | null;
  readonly attempts: string | null;
  readonly billedTokens: number;
  /** Tokens that the answer itself reports. */
  readonly reportedTokens: number | undefined;
}

const LIMITS_MS = { connectMs: 2000, firstTokenMs: 1000, betweenTokensMs: 1000, totalMs: 2500 };
const KEY = "sk-wall";
export const TEXT = WORDS.join("");

/** One request at a time: a place that is not given back refuses the next cell. */
const KEYS: KeyRing = {
  find: () => ({ name: "wall", sha256: "", createdUnix: 0, limits: {} }),
  limitsOf: () => ({ concurrentRequests: 1 }),
};

/** A server with a router in front of two chaos servers, and a client. */
export class Wall {
  private readonly faulty: ChaosServer;
  private readonly good: ChaosServer;
  private readonly clients: readonly RemoteUpstream[];
  private readonly server: Listening;

  private constructor(
    faulty: ChaosServer,
    good: ChaosServer,
    clients: readonly RemoteUpstream[],
    server: Listening,
  ) {
    this.faulty = faulty;
    this.good = good;
    this.clients = clients;
    this.server = server;
  }

  static async open(): Promise<Wall> {
    const [faulty, good, gone] = [await startChaos(), await startChaos(), await startChaos()];
    await gone.close(); // its port refuses connections from now on
    const clientOf = (name: string, baseUrl: string) => {
      const models = FAULT_NAMES.map((fault) => ({ id: `chaos/${fault}` }));
      return createOpenAiCompatible({ name, baseUrl, models, limits: LIMITS_MS });
    };
    const clients = [
      clientOf("faulty", faulty.url),
      clientOf("good", good.url),
      clientOf("gone", gone.url),
    ] as const;
    const routes = CELLS.map((cell) => routeOf(cell, ...clients));
    const router = new Router({ routes: () => routes });
    const address = { host: "127.0.0.1", port: 0 };
    const server = await listen({ upstream: router, keys: KEYS, log: silentLog, ...address });
    return new Wall(faulty, good, clients, server);
  }

  async run(cell: Cell): Promise<CellResult> {
    const before = await this.billed();
    const response = await fetch(`${this.server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${KEY}` },
      body: JSON.stringify({
        model: nameOf(cell),
        messages: [{ role: "user", content: "Count!" }],
        stream: cell.isStreamed,
        ...(cell.isStreamed && { stream_options: { include_usage: true } }),
      }),
    });
    const body = await response.text();
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
    const seen = isStream ? readStream(body) : readWhole(response.status, body);
    const billedTokens = (await this.billed()) - before;
    const [provider, attempts] = ["x-provider", "x-attempts"].map((h) => response.headers.get(h));
    const status = response.status;
    return { status, ...seen, provider: provider!, attempts: attempts!, billedTokens };
  }

  /** Requests that providers still work on. */
  get openRequests(): number {
    return this.faulty.openRequests + this.good.openRequests;
  }

  /** Connections to providers; a few stay open for the next request. */
  async openConnections(): Promise<number> {
    return (await this.faulty.connections()) + (await this.good.connections());
  }

  async close(): Promise<void> {
    await this.server.close(100);
    await Promise.all(this.clients.map((client) => client.close()));
    await Promise.all([this.faulty.close(), this.good.close()]);
  }

  /** Tokens of answers that the key has been billed for. */
  private async billed(): Promise<number> {
    const headers = { authorization: `Bearer ${KEY}` };
    const response = await fetch(`${this.server.url}/v1/key`, { headers });
    const { data } = (await response.json()) as { data: { usage: Record<string, number> } };
    return Number(data.usage.completion_tokens);
  }
}

function nameOf({ fault, isStreamed, hasFallback }: Cell): string {
  return `${fault}-${isStreamed ? "stream" : "whole"}-${hasFallback ? "backed" : "alone"}`;
}

/** Every cell has providers of its own, so that no circuit breaker opens for the next one. */
function routeOf(
  cell: Cell,
  faulty: RemoteUpstream,
  good: RemoteUpstream,
  gone: RemoteUpstream,
): Route {
  const id = nameOf(cell);
  const of = (name: string, upstream: RemoteUpstream): Provider => {
    return { name: `${name}-${id}`, upstream, zeroDataRetention: false, collectsData: false };
  };
  const first = of("faulty", cell.fault === "refused" ? gone : faulty);
  const endpoints = [
    { provider: first, model: `chaos/${cell.fault}`, weight: 1 },
    { provider: of("good", good), model: "chaos/none", weight: 1 },
  ];
  return {
    id,
    aliases: [],
    strategy: "ordered",
    endpoints: cell.hasFallback ? endpoints : endpoints.slice(0, 1),
  };
}

type Seen = Pick<CellResult, "text" | "isComplete" | "isFailed" | "reportedTokens">;

interface Chunk {
  readonly choices: readonly {
    readonly delta?: { readonly content?: string };
    readonly message?: { readonly content?: string };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly completion_tokens: number } | null;
  readonly error?: object;
}

function readStream(body: string): Seen {
  const events = body.split("\n\n").flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? []);
  const chunks = events
    .filter((data) => data !== "[DONE]")
    .map((data) => JSON.parse(data) as Chunk);
  const reasons = chunks.flatMap(({ choices }) => choices.map((one) => one.finish_reason));
  const hasReason = reasons.some((reason) => reason === "stop");
  return {
    text: chunks
      .flatMap(({ choices }) => choices.map(({ delta }) => delta?.content ?? ""))
      .join(""),
    isComplete: events.at(-1) === "[DONE]" && hasReason,
    isFailed: chunks.some(({ error }) => error !== undefined) && !events.includes("[DONE]"),
    reportedTokens: chunks.flatMap(({ usage }) => usage?.completion_tokens ?? []).at(-1),
  };
}

function readWhole(status: number, body: string): Seen {
  const answer = JSON.parse(body) as Partial<Chunk>;
  return {
    text: answer.choices?.[0]?.message?.content ?? "",
    isComplete: status === 200 && answer.choices?.[0]?.finish_reason === "stop",
    isFailed: status >= 400 && answer.error !== undefined,
    reportedTokens: answer.usage?.completion_tokens,
  };
}

/** A part of the answer reaches the client of a stream, so that nobody can replace it. */
export function deliversPart({ fault, isStreamed }: Cell): boolean {
  const late: readonly FaultName[] = [
    "cut",
    "stall",
    "malformed-event",
    "no-finish",
    "wrong-length",
    "late-error",
    "endless",
  ];
  return isStreamed && late.includes(fault);
}

export function isHarmless(fault: FaultName): boolean {
  return "isHarmless" in FAULTS[fault];
}
