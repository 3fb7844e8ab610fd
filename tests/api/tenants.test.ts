import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { parsePrice } from "../../src/core/prices.ts";
import { hashKey, type KeyRing } from "../../src/limits/keys.ts";
import type { TenantLimits } from "../../src/limits/tenants.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { createFakeUpstream, type FakeUpstream, MODEL } from "./fake-upstream.ts";

const LIMITS: Record<string, TenantLimits> = {
  ann: {},
  bob: { requestsPerMinute: 2 },
  cid: { concurrentRequests: 1 },
};

const OPERATORS = ["ann"];

const ring: KeyRing = {
  find: (key) => {
    const name = key.replace("sk-", "");
    const limits = LIMITS[name];
    const operator = OPERATORS.includes(name);
    return limits && { name, sha256: hashKey(key), createdUnix: 0, limits, operator };
  },
  limitsOf: (name) => LIMITS[name] ?? {},
};

let upstream: FakeUpstream;
let server: Listening;

beforeAll(async () => {
  upstream = createFakeUpstream();
  server = await listen({
    upstream,
    keys: ring,
    prices: { prompt: parsePrice("0.001", "p"), completion: parsePrice("0.01", "c") },
    log: silentLog,
    deadlineMs: 300,
    host: "127.0.0.1",
    port: 0,
  });
});
afterAll(() => server.close(100));

const client = (name: string) =>
  new OpenAI({ baseURL: `${server.url}/v1`, apiKey: `sk-${name}`, maxRetries: 0 });
const body = (content: string) => ({
  model: MODEL,
  messages: [{ role: "user" as const, content }],
});
const get = (path: string, name: string) =>
  fetch(`${server.url}${path}`, { headers: { authorization: `Bearer sk-${name}` } });

describe("keys of several tenants", () => {
  test("an unknown one is refused", async () => {
    const asked = client("eve").chat.completions.create(body("hello"));
    await expect(asked).rejects.toMatchObject({ status: 401, code: "invalid_api_key" });
  });

  test("the engine learns whose request it is from the key alone", async () => {
    const named = { ...body("hello"), user: "root", tenant: "bob" };
    await client("ann").chat.completions.create(named);
    expect(upstream.requests.at(-1)?.tenant).toBe("ann");
  });

  test("requests per minute: headers have the rest, then 429 with a time", async () => {
    const first = await client("bob").chat.completions.create(body("one")).asResponse();
    expect(first.headers.get("x-ratelimit-limit-requests")).toBe("2");
    expect(first.headers.get("x-ratelimit-remaining-requests")).toBe("1");
    expect(first.headers.get("x-ratelimit-reset-requests")).toMatch(/^(30|29)s$/);
    await client("bob").chat.completions.create(body("two"));
    const error = await client("bob")
      .chat.completions.create(body("three"))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 429, code: "rate_limited", type: "rate_limit_error" });
    const headers = (error as InstanceType<typeof OpenAI.APIError>).headers;
    expect(Number(headers?.get("retry-after-ms"))).toBeGreaterThan(25_000);
    await client("ann").chat.completions.create(body("four"));
  });

  test("requests at once", async () => {
    const stream = await client("cid").chat.completions.create({
      ...body("endless"),
      stream: true,
    });
    const second = client("cid").chat.completions.create(body("more"));
    await expect(second).rejects.toMatchObject({ status: 429 });
    stream.controller.abort();
    await expect
      .poll(async () => (await client("cid").chat.completions.create(body("again"))).object)
      .toBe("chat.completion");
  });

  test("counting tokens has the same limits", async () => {
    const count = (name: string) =>
      fetch(`${server.url}/v1/estimate`, {
        method: "POST",
        headers: { authorization: `Bearer sk-${name}`, "content-type": "application/json" },
        body: JSON.stringify(body("how many?")),
      });
    expect((await count("ann")).status).toBe(200);
    expect((await count("bob")).status).toBe(429); // used up above
  });

  test("the deadline ends a request that takes too long", async () => {
    const late = client("ann").chat.completions.create(body("endless"));
    await expect(late).rejects.toMatchObject({ status: 504, code: "request_timeout" });
  });

  test("a key can read its own usage", async () => {
    const answer = (await (await get("/v1/key", "bob")).json()) as { data: object };
    expect(answer.data).toMatchObject({
      label: "bob",
      rate_limit: { requests_per_minute: 2, tokens_per_minute: null },
      usage: { requests: 2 },
    });
  });
});

test("metrics have the names that dashboards know", async () => {
  const response = await get("/metrics", "ann");
  expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
  const text = await response.text();
  for (const line of [
    `vllm:num_requests_running{model_name="${MODEL}"} 1`,
    `vllm:num_requests_waiting{model_name="${MODEL}"} 2`,
    `vllm:kv_cache_usage_perc{model_name="${MODEL}"} 0.25`,
    `vllm:prefix_cache_hits_total{model_name="${MODEL}"} 40`,
  ]) {
    expect(text).toContain(line);
  }
  expect(text).toMatch(
    /vllm:request_success_total\{model_name="[^"]+",finished_reason="stop"\} \d/,
  );
  expect(text).toMatch(/vllm:request_failure_total\{[^}]*code="rate_limited"\} 2/);
  expect(text).toMatch(/vllm:time_to_first_token_seconds_count\{[^}]*\} \d/);
  expect(text).not.toMatch(/sk-|ann|bob/);
  expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
  for (const path of ["/metrics", "/v1/metrics"]) {
    const refused = await get(path, "bob");
    expect(refused.status).toBe(403);
    const { error } = (await refused.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe("operator_key_required");
    expect(error.message).toContain("vireo keys add NAME --operator");
  }
});
