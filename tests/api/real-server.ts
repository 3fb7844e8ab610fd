import OpenAI from "openai";
import { silentLog } from "../../src/core/log.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import type { EngineOptions } from "../../src/runtime/engine-options.ts";
import { listen } from "../../src/server/listen.ts";
import { openTiny } from "../engine/asking.ts";

/** A server with models/tiny, and the official client for it. */
export interface RealServer {
  readonly engine: Engine;
  readonly url: string;
  readonly client: OpenAI;
  close(): Promise<void>;
}

export async function openRealServer(options: EngineOptions): Promise<RealServer> {
  const engine = await openTiny(options);
  const apiKey = "sk-real";
  const address = { host: "127.0.0.1", port: 0 };
  const server = await listen({ upstream: engine, apiKey, log: silentLog, ...address });
  return {
    engine,
    url: server.url,
    client: new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 }),
    close: async () => {
      await server.close(100);
      await engine.close();
    },
  };
}

export async function usingRealServer(
  options: EngineOptions,
  body: (real: RealServer) => Promise<void>,
): Promise<void> {
  const real = await openRealServer(options);
  try {
    await body(real);
  } finally {
    await real.close();
  }
}
