import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { createApp } from "../../src/server/app.ts";
import { openTiny } from "../engine/asking.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const prices = { prompt: 200_000n, completion: 600_000n };
const app = createApp({ upstream: createFakeUpstream(), prices, log: silentLog });
const get = async (path: string) => (await app.request(path)).json();
const post = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

describe("models", () => {
  test("have the fields that a model catalogue needs", async () => {
    const { object, data } = await get("/v1/models");
    expect(object).toBe("list");
    expect(data[0]).toMatchObject({
      id: MODEL,
      hugging_face_id: "nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-BF16",
      architecture: { modality: "text+image+video->text", tokenizer: "Nemotron" },
      pricing: { prompt: "0.0000002", completion: "0.0000006", image: "0", request: "0" },
      context_length: 131_072,
      max_model_len: 131_072,
    });
    expect(await get(`/v1/models/${MODEL}`)).toEqual(data[0]);
  });

  test("list the files that cannot be read, and how to enable them", async () => {
    const hint = "Install ffmpeg on the server and start it again";
    const abilities = { video: { available: false, hint }, office: true } as const;
    const fake = createFakeUpstream();
    const models = fake.models.map((model) => ({ ...model, abilities }));
    const other = createApp({ upstream: { ...fake, models }, log: silentLog });
    const { data } = await (await other.request("/v1/models")).json();
    expect(data[0].abilities).toEqual({ video: { available: false, hint }, office: true });
    expect((await get("/v1/models")).data[0]).not.toHaveProperty("abilities");
  });

  test.each([MODEL, encodeURIComponent(MODEL), "nano"])("%s has endpoints", async (id) => {
    const { data } = await get(`/v1/models/${id}/endpoints`);
    expect(data).toMatchObject({ id: MODEL, endpoints: [{ provider_name: "local", status: 0 }] });
    expect((await app.request("/v1/models/no/endpoints")).status).toBe(404);
  });
});

describe("the running version", () => {
  test.each([
    ["/livez", { object: "health.response", message: "Service is live." }],
    ["/readyz", { object: "health.response", message: "Service is ready." }],
    ["/v1/health/ready", { object: "health.response", message: "Service is ready." }],
    ["/version", { version: expect.stringMatching(/^\d+\.\d+\.\d+/) }],
    ["/v1/version", { release: expect.stringMatching(/^\d+\.\d+\.\d+/), api: "v1" }],
  ])("%s", async (path, body) => {
    expect(await get(path)).toEqual(body);
  });

  test("metadata", async () => {
    expect(await get("/v1/metadata")).toMatchObject({ modelInfo: [{ shortName: MODEL }] });
  });
});

describe("tokens", () => {
  test("of a text, and back", async () => {
    const body = { prompt: "Hi", return_token_strs: true };
    const tokens = await (await app.request("/tokenize", post(body))).json();
    expect(tokens).toEqual({
      count: 2,
      max_model_len: 131_072,
      tokens: [72, 105],
      token_strs: ["H", "i"],
    });
    const text = await app.request("/detokenize", post({ tokens: [72, 105] }));
    expect(await text.json()).toEqual({ prompt: "Hi" });
  });

  test("of messages are counted", async () => {
    const messages = [{ role: "user", content: "Hi" }];
    const counted = await (await app.request("/tokenize", post({ messages }))).json();
    expect(counted).toEqual({ count: 14, max_model_len: 131_072, tokens: null });
  });

  test.each([
    ["/tokenize", {}],
    ["/tokenize", { prompt: 1 }],
    ["/tokenize", { prompt: "a", model: "other" }],
    ["/tokenize", { messages: [{ role: "nobody" }] }],
    ["/detokenize", { tokens: "a" }],
    ["/detokenize", { tokens: [-1] }],
    ["/detokenize", { tokens: [1.5] }],
  ])("%s refuses %j", async (path, body) => {
    expect([400, 404]).toContain((await app.request(path, post(body))).status);
  });

  test("of the real tokenizer: control tokens are text, unknown ids give none", async () => {
    const engine = await openTiny({ contextTokens: 512 });
    try {
      const real = createApp({ upstream: engine, log: silentLog });
      const prompt = "<SPECIAL_12> Grüße <image>";
      const { tokens } = await (await real.request("/tokenize", post({ prompt }))).json();
      expect(tokens).not.toContain(12);
      const back = await real.request("/detokenize", post({ tokens }));
      expect(await back.json()).toEqual({ prompt });
      const unknown = await real.request("/detokenize", post({ tokens: [999_999] }));
      expect(await unknown.json()).toEqual({ prompt: "" });
    } finally {
      await engine.close();
    }
  });
});
