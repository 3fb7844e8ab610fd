import { expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import type { Upstream } from "../../src/core/upstream.ts";
import { createApp } from "../../src/server/app.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const fake = createFakeUpstream();
const [local] = fake.models;
const REMOTE = {
  ...local!,
  id: "far/away",
  aliases: [],
  provider: "far",
  prices: { prompt: 2_000_000n, completion: 0n },
};

/** Only answers, as a client of another server does; it learns of its second model later. */
function remote(): Upstream {
  let models = [local!];
  return {
    get models() {
      return models;
    },
    ready: true,
    refresh: async () => {
      models = [local!, REMOTE];
    },
    chat: (request, signal) => fake.chat(request, signal),
  };
}

const app = createApp({ upstream: remote(), log: silentLog });
const messages = [{ role: "user", content: "Hello" }];
const post = (path: string, body: object) =>
  app.request(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

test("models are refreshed before they are listed, with provider and prices", async () => {
  expect((await post("/v1/chat/completions", { model: REMOTE.id, messages })).status).toBe(404);
  const list = (await (await app.request("/v1/models")).json()) as { data: unknown[] };
  expect(list.data).toMatchObject([
    { id: MODEL, pricing: { prompt: "0" } },
    { id: REMOTE.id, pricing: { prompt: "0.000002" } },
  ]);
  const endpoints = await (await app.request("/v1/models/far/away/endpoints")).json();
  expect(endpoints).toMatchObject({ data: { endpoints: [{ provider_name: "far" }] } });
});

test("a request names its model, and is billed at that model's prices", async () => {
  const response = await post("/v1/chat/completions", { model: REMOTE.id, messages });
  expect(response.headers.get("x-provider")).toBe("far");
  expect(response.headers.get("x-cost-usd")).toBe("0.000028");
  expect(await response.json()).toMatchObject({ model: REMOTE.id, provider: "far" });
  expect(fake.requests.at(-1)?.model).toBe(REMOTE.id);
  const key = await (await app.request("/v1/key")).json();
  expect(key).toMatchObject({ data: { usage: { cost_usd: "0.000028" } } });
  const free = await post("/v1/completions", { model: MODEL, prompt: "Hello" });
  expect(free.headers.get("x-provider")).toBe("local");
  expect(free.headers.get("x-cost-usd")).toBeNull();
});

test.each([
  ["/v1/estimate", { messages }, "estimate"],
  ["/v1/chat/completions/input_tokens", { messages }, "estimate"],
  ["/v1/responses/input_tokens", { input: "Hello" }, "estimate"],
  ["/tokenize", { messages }, "estimate"],
  ["/tokenize", { prompt: "Hello" }, "tokenize"],
  ["/detokenize", { tokens: [1] }, "detokenize"],
  ["/v1/inspect/video", { messages }, "inspect"],
])("%s is 501 where the upstream lacks the capability", async (path, body, capability) => {
  const response = await post(path, { model: MODEL, ...body });
  expect(response.status).toBe(501);
  expect(await response.json()).toMatchObject({
    error: { code: "not_implemented", metadata: { capability } },
  });
});

test("metrics count by model, and leave out the load that is not reported", async () => {
  const text = await (await app.request("/metrics")).text();
  expect(text).toMatch(/prompt_tokens_total\{model_name="far\/away"\} 14/);
  expect(text).not.toContain("num_requests_running");
});
