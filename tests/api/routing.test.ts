import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const upstream = createFakeUpstream();
let server: Listening;

beforeAll(async () => {
  server = await listen({ upstream, log: silentLog, host: "127.0.0.1", port: 0 });
});
afterAll(() => server.close(100));

const messages = [{ role: "user", content: "Hi" }];
const prompt = [{ role: "user", content: [{ type: "text", text: "Hi" }] }];
const ROUTES = [
  ["/v1/chat/completions", { model: MODEL, messages }],
  ["/v1/completions", { model: MODEL, prompt: "Hi" }],
  ["/v1/responses", { model: MODEL, input: "Hi" }],
  ["/v1/messages", { model: MODEL, messages, max_tokens: 9 }],
  ["/v1/estimate", { model: MODEL, messages }],
] as const;

async function post(path: string, body: object, model: string = MODEL) {
  const response = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "ai-language-model-id": model },
    body: JSON.stringify(body),
  });
  const ignored = response.headers.get("x-ignored-params") ?? "";
  const json = (await response.json()) as Record<string, unknown> & {
    error?: { message: string; code?: string };
  };
  return { status: response.status, ignored, json, message: json.error?.message ?? "" };
}

describe.each(ROUTES)("%s", (path, body) => {
  test.each([
    [{ provider: { only: ["openai"] } }, "provider.only"],
    [{ provider: { order: ["azure"], allow_fallbacks: false } }, "provider.order"],
    [{ provider: { quantizations: ["fp8"] } }, "provider.quantizations"],
    [{ provider: { ignore: ["local"] } }, "provider.ignore"],
    [{ providerOptions: { gateway: { only: ["bedrock"] } } }, "providerOptions.gateway.only"],
    [{ plugins: [{ id: "web" }] }, "plugins"],
  ])("a wish that cannot be kept is refused: %j", async (fields, param) => {
    const { status, message } = await post(path, { ...body, ...fields });
    expect([status, message]).toEqual([400, expect.stringContaining(param)]);
  });

  test("a supported privacy option is accepted", async () => {
    const provider = {
      data_collection: "deny",
      zdr: false,
      only: ["local"],
      order: ["openai", "Vireo"],
      ignore: ["azure"],
      allow_fallbacks: false,
      sort: "price",
      max_price: { prompt: 0, completion: "0.5" },
    };
    const plugins = [{ id: "web", enabled: false }];
    const { status, ignored } = await post(path, { ...body, provider, plugins });
    expect(status).toBe(200);
    expect(ignored).not.toContain("provider");
  });
});

test("options without an effect are reported", async () => {
  const provider = { enforce_distillable_text: true, order: ["azure"] };
  const plugins = [{ id: "file-parser", pdf: { engine: "mistral-ocr" } }];
  const [path, body] = ROUTES[0];
  const { status, ignored } = await post(path, { ...body, provider, plugins });
  expect(status).toBe(200);
  expect(ignored).toBe("provider.enforce_distillable_text,plugins.file-parser");
});

test("require_parameters refuses options without an effect", async () => {
  const [path, body] = ROUTES[0];
  const provider = { require_parameters: true };
  expect((await post(path, { ...body, provider })).status).toBe(200);
  const { status, message } = await post(path, { ...body, provider, verbosity: "low" });
  expect([status, message]).toEqual([400, expect.stringContaining("verbosity")]);
});

describe("models", () => {
  test.each([
    [{ model: "openai/gpt-9", models: ["x/y", "nano"] }],
    [{ model: MODEL, models: ["x/y"] }],
    [{ model: undefined, models: [MODEL] }],
  ])("the first that is here answers: %j", async (fields) => {
    const { status, json } = await post("/v1/chat/completions", { messages, ...fields });
    expect([status, json.model]).toEqual([200, MODEL]);
  });

  test("without a served model the error names the requested one", async () => {
    const fields = { model: "a/b", models: ["c/d"] };
    const { status, message } = await post("/v1/chat/completions", { messages, ...fields });
    expect([status, message]).toEqual([404, expect.stringContaining("a/b")]);
  });
});

describe("the AI SDK gateway", () => {
  const path = "/v3/ai/language-model";
  const gateway = (options: object) => ({ prompt, providerOptions: { gateway: options } });

  test.each([[{ only: ["anthropic"] }, "only"]])("%j is refused", async (options, param) => {
    const { status, message } = await post(path, gateway(options));
    expect([status, message]).toEqual([400, expect.stringContaining(param)]);
  });

  test("fallbacks are tried, and ignored options are warnings", async () => {
    const options = { models: [MODEL], disallowPromptTraining: true, byok: { openai: [] } };
    const { status, json } = await post(path, gateway(options), "openai/gpt-9");
    expect(status).toBe(200);
    expect(json.warnings).toEqual([
      { type: "unsupported", feature: "providerOptions.gateway.byok" },
    ]);
  });
});

test("a response of a private request is not stored", async () => {
  const body = { model: MODEL, input: "Hi", provider: { data_collection: "deny" } };
  const { json } = await post("/v1/responses", body);
  expect(json.store).toBe(false);
  expect((await fetch(`${server.url}/v1/responses/${String(json.id)}`)).status).toBe(404);
  expect((await post("/v1/responses", { ...body, store: true })).status).toBe(400);
});
