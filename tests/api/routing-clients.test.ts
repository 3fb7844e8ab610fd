// Vercel's client with its routing options, against three providers of two models.

import { createGateway, type GatewayProviderOptions } from "@ai-sdk/gateway";
import { generateText, streamText } from "ai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { VireoError } from "../../src/core/errors.ts";
import { silentLog } from "../../src/core/log.ts";
import { parsePrice } from "../../src/core/prices.ts";
import { Router } from "../../src/routing/router.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { endpoint, route, type Step, scripted } from "../routing/scripted-provider.ts";

const pricesOf = (usd: string) => {
  return { prompt: parsePrice(usd, "p"), completion: parsePrice(usd, "c") };
};
const FAILURE = new VireoError("upstream_unavailable", "down", {
  attempt: {
    ...{ provider: "?", fault: "status", status: 500 },
    ...{ callerFault: false, delivered: false, ms: 1 },
  } as const,
});
const script = (step: Step): readonly (readonly Step[])[] => [[step]];
const dear = scripted("dear", script("dear"));
const cheap = Object.assign(scripted("cheap", script("cheap")), { zeroDataRetention: true });
const other = scripted("other", script("other"));

let server: Listening;
beforeAll(async () => {
  const routes = [
    route([
      endpoint(dear, { prices: pricesOf("0.000009") }),
      endpoint(cheap, { prices: pricesOf("0.000001") }),
    ]),
    route([endpoint(other)], { id: "fallback" }),
  ];
  const breaker = { failures: 1000, openMs: 1, maxOpenMs: 1 };
  const upstream = new Router({ routes: () => routes, breaker });
  server = await listen({ upstream, log: silentLog, host: "127.0.0.1", port: 0 });
});
afterAll(() => server.close(100));
beforeEach(() => {
  dear.scripts = [["dear"]];
  cheap.scripts = [["cheap"]];
});

/** A new conversation each time, so that none stays where the last one was. */
let count = 0;
function call(options: GatewayProviderOptions) {
  const gateway = createGateway({ baseURL: `${server.url}/v3/ai`, apiKey: "none" });
  count += 1;
  return {
    model: gateway("m" as Parameters<typeof gateway>[0]),
    prompt: `Hi ${count}`,
    maxRetries: 0,
    providerOptions: { gateway: options as never },
  };
}

async function answererOf(options: GatewayProviderOptions): Promise<string> {
  return (await generateText(call(options))).text;
}

describe("@ai-sdk/gateway", () => {
  test.each<[string, GatewayProviderOptions, string]>([
    ["nothing: the operator's order", {}, "dear"],
    ["order", { order: ["cheap", "dear"] }, "cheap"],
    ["order with a provider that is not here", { order: ["bedrock", "cheap"] }, "cheap"],
    ["only", { only: ["cheap"] }, "cheap"],
    ["sort by cost", { sort: "cost" } as GatewayProviderOptions, "cheap"],
    ["zero data retention", { zeroDataRetention: true }, "cheap"],
  ])("%s", async (_, options, expected) => {
    expect(await answererOf(options)).toBe(expected);
  });

  test("a provider that fails is replaced unnoticed, streamed and not", async () => {
    dear.scripts = [[FAILURE]];
    expect(await answererOf({})).toBe("cheap");
    expect(await streamText(call({})).text).toBe("cheap");
  });

  test("models are tried after all providers of the requested one", async () => {
    dear.scripts = [[FAILURE]];
    cheap.scripts = [[FAILURE]];
    expect(await answererOf({ models: ["fallback"] })).toBe("other");
  });

  test("only with no provider that is here is an error that names the option", async () => {
    await expect(answererOf({ only: ["bedrock"] })).rejects.toThrow(/providerOptions.gateway.only/);
  });
});
