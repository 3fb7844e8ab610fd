// Several providers behind one server, as clients see them: the answers say who gave them and at
// which price, and refusals keep their status.

import { describe, expect, test } from "vitest";
import { VireoError } from "../../src/core/errors.ts";
import { silentLog } from "../../src/core/log.ts";
import { parsePrice } from "../../src/core/prices.ts";
import { Router } from "../../src/routing/router.ts";
import { createApp } from "../../src/server/app.ts";
import { endpoint, route, type Step, scripted } from "../routing/scripted-provider.ts";

const PRICES = { prompt: parsePrice("0.000001", "p"), completion: parsePrice("0.000002", "c") };
const attempt = { provider: "?", fault: "status", callerFault: false, delivered: false } as const;
const failure = (status: number, retryAfterMs?: number) =>
  new VireoError(status === 429 ? "rate_limited" : "upstream_unavailable", `status ${status}`, {
    attempt: { ...attempt, status, ms: 1 },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });

function appOf(...scripts: readonly (readonly Step[])[]) {
  const providers = scripts.map((script, at) => scripted("abc"[at]!, [script]));
  const [last] = providers.slice(-1);
  const routes = [
    route(providers.map((one) => endpoint(one, one === last ? { prices: PRICES } : {}))),
    route([endpoint(scripted("d", [["Other"]]))], { id: "other" }),
  ];
  return createApp({ upstream: new Router({ routes: () => routes }), log: silentLog });
}

async function post(app: ReturnType<typeof appOf>, path: string, body: object) {
  const response = await app.request(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "m", ...body }),
  });
  return { response, header: (name: string) => response.headers.get(name) };
}

const CHAT = "/v1/chat/completions";
const messages = [{ role: "user", content: "Hi" }];
const ROUTES = [
  [CHAT, { messages }],
  ["/v1/completions", { prompt: "Hi" }],
  ["/v1/responses", { input: "Hi" }],
  ["/v1/messages", { messages, max_tokens: 9 }],
] as const;

describe.each(ROUTES)("%s", (path, body) => {
  test.each([
    false,
    true,
  ])("headers say who answered after a failure; stream: %s", async (stream) => {
    const { response, header } = await post(appOf([failure(500)], ["Hello"]), path, {
      ...body,
      stream,
    });
    expect([response.status, header("x-provider"), header("x-attempts")]).toEqual([200, "b", "2"]);
    expect(await response.text()).toContain("Hello");
  });

  test("the fallback model is the one that the answer names", async () => {
    const more = { ...body, models: ["other"] };
    const { response, header } = await post(appOf([failure(500)]), path, more);
    expect(await response.json()).toMatchObject({ model: "other" });
    expect(header("x-attempts")).toBe("2");
  });

  test.each([false, true])("a refusal keeps its status; stream: %s", async (stream) => {
    const app = appOf([failure(429, 9000)], [failure(429, 3000)]);
    const { response, header } = await post(app, path, { ...body, stream });
    expect([response.status, header("retry-after"), header("x-attempts")]).toEqual([429, "3", "2"]);
  });
});

test("chunks and answers carry the provider and its price", async () => {
  const app = appOf([failure(500)], ["Hello"]);
  const { response, header } = await post(app, CHAT, { messages });
  expect(header("x-cost-usd")).toBe("0.000018");
  expect(await response.json()).toMatchObject({
    provider: "b",
    usage: { cost: 0.000018, cost_details: { input: 0.00001, output: 0.000008 }, is_byok: false },
  });
  const streamed = await post(app, CHAT, { messages, stream: true });
  const chunks = [...(await streamed.response.text()).matchAll(/^data: (\{.*\})$/gm)];
  const providers = chunks.map(([, json]) => (JSON.parse(json!) as { provider: string }).provider);
  expect(new Set(providers)).toEqual(new Set(["b"]));
  const key = await (await app.request("/v1/key")).json();
  expect(key).toMatchObject({ data: { usage: { cost_usd: "0.000036" } } });
});

test("every failed attempt is listed", async () => {
  const { response } = await post(appOf([failure(500)], [failure(502)]), CHAT, { messages });
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    error: {
      code: "upstream_unavailable",
      metadata: {
        attempts: [
          { provider: "a", status: 500, code: "upstream_unavailable" },
          { provider: "b", status: 502, code: "upstream_unavailable" },
        ],
      },
    },
  });
});

test("a stream that breaks off has an error and no end", async () => {
  const { response } = await post(appOf(["Hel", failure(500)], ["Hello"]), CHAT, {
    messages,
    stream: true,
  });
  const text = await response.text();
  expect(response.status).toBe(200);
  expect(text).toContain('"finish_reason":"error"');
  expect(text).not.toContain("[DONE]");
});

test("an answer in one piece that breaks off is answered elsewhere, or an error", async () => {
  const { response } = await post(appOf(["Hel", failure(500)], ["Hello"]), CHAT, { messages });
  expect([response.status, response.headers.get("x-attempts")]).toEqual([200, "2"]);
  const alone = await post(appOf(["Hel", failure(500)]), CHAT, { messages });
  expect(alone.response.status).toBe(503);
});

test("the endpoints of a model show price, health and speed by provider", async () => {
  const app = appOf([failure(500)], ["Hello"]);
  await post(app, CHAT, { messages });
  const { data } = (await (await app.request("/v1/models/m/endpoints")).json()) as {
    readonly data: { readonly endpoints: readonly object[] };
  };
  expect(data.endpoints).toMatchObject([
    {
      provider_name: "a",
      quantization: "unknown",
      context_length: 4096,
      status: 0,
      uptime_last_30m: 0,
      latency_last_30m: null,
      last_error: { code: "upstream_unavailable" },
    },
    {
      provider_name: "b",
      pricing: { prompt: "0.000001", completion: "0.000002" },
      uptime_last_30m: 100,
      latency_last_30m: { p50: expect.any(Number) },
      last_error: null,
    },
  ]);
});

test("metrics tell the attempts by provider", async () => {
  const app = appOf([failure(500)], ["Hello"]);
  await post(app, CHAT, { messages });
  const text = await (await app.request("/metrics")).text();
  for (const line of [
    'vireo:provider_attempts_total{provider="a",model_name="m",result="failed"} 1',
    'vireo:provider_attempts_total{provider="b",model_name="m",result="succeeded"} 1',
    'vireo:provider_up{provider="a",model_name="m"} 1',
    'vireo:provider_requests_running{provider="b",model_name="m"} 0',
  ]) {
    expect(text).toContain(line);
  }
});
