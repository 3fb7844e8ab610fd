import { createGateway } from "@ai-sdk/gateway";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, Output, stepCountIs, streamText, tool } from "ai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { openTiny } from "../engine/asking.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const KEY = "sk-test";
const upstream = createFakeUpstream();
const prices = { prompt: 200_000n, completion: 600_000n };
let server: Listening;

beforeAll(async () => {
  const address = { host: "127.0.0.1", port: 0 };
  server = await listen({ upstream, apiKey: KEY, prices, log: silentLog, ...address });
});
afterAll(() => server.close(100));

const gateway = (path = "/v3/ai", apiKey = KEY) =>
  createGateway({ baseURL: `${server.url}${path}`, apiKey });
const compatible = () =>
  createOpenAICompatible({
    name: "vireo",
    baseURL: `${server.url}/v1`,
    apiKey: KEY,
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
const PROVIDERS = [
  ["gateway /v3/ai", () => gateway()(MODEL as Parameters<ReturnType<typeof gateway>>[0])],
  ["gateway /v1/ai", () => gateway("/v1/ai")(MODEL)],
  ["openai-compatible", () => compatible()(MODEL)],
] as const;

const schema = jsonSchema<{ city: string }>({
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
});

describe.each(PROVIDERS)("the AI SDK by %s", (_, model) => {
  test("generates", async () => {
    const result = await generateText({ model: model(), system: "Be short", prompt: "One two" });
    expect(result.text).toBe("One two");
    expect(result.finishReason).toBe("stop");
    expect(result.usage).toMatchObject({ inputTokens: 14, outputTokens: 3, totalTokens: 17 });
    expect(upstream.requests.at(-1)?.messages[0]).toEqual({ role: "system", content: "Be short" });
  });

  test("streams", async () => {
    const result = streamText({ model: model(), prompt: "One two three", seed: 7 });
    const pieces: string[] = [];
    for await (const piece of result.textStream) pieces.push(piece);
    expect(pieces).toEqual(["One ", "two ", "three"]);
    expect(await result.finishReason).toBe("stop");
    expect((await result.usage).outputTokens).toBe(3);
    expect(upstream.requests.at(-1)?.sampling?.seed).toBe(7n);
  });

  test("calls two tools at once and continues", async () => {
    const asked: unknown[] = [];
    const weather = tool({
      inputSchema: schema,
      execute: async (input) => {
        asked.push(input);
        return { sky: "blue" };
      },
    });
    const result = await generateText({
      model: model(),
      prompt: "use tools",
      tools: { here: weather, there: weather },
      stopWhen: stepCountIs(2),
    });
    expect(asked).toEqual(Array(2).fill({ city: "Aachen" }));
    expect(result.steps[0]?.toolCalls.map(({ toolName }) => toolName)).toEqual(["here", "there"]);
    expect(upstream.requests.at(-1)?.messages.slice(1)).toMatchObject([
      { role: "assistant", toolCalls: [{ name: "here" }, { name: "there" }] },
      { role: "tool" },
      { role: "tool" },
    ]);
    const last = upstream.requests.at(-1)?.messages.at(-1)?.content;
    expect(JSON.stringify(last)).toContain("blue");
  });

  test("generates an object", async () => {
    const prompt = '{"city":"Aachen"}';
    const { output } = await generateText({
      model: model(),
      prompt,
      output: Output.object({ schema }),
    });
    expect(output).toEqual({ city: "Aachen" });
    expect(upstream.requests.at(-1)?.output).toMatchObject({ type: "json_schema" });
  });

  test("sends an image", async () => {
    const { text } = await generateText({
      model: model(),
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "see " },
            { type: "image", image: Buffer.from("12345"), mediaType: "image/png" },
          ],
        },
      ],
    });
    expect(text).toBe("see [5]");
  });

  test("errors", async () => {
    const refused = generateText({ model: model(), prompt: "too long", maxRetries: 0 });
    await expect(refused).rejects.toThrow("131073 tokens");
    const full = generateText({ model: model(), prompt: "full", maxRetries: 0 });
    await expect(full).rejects.toMatchObject({ statusCode: 429 });
    const broken = streamText({ model: model(), prompt: "break it", onError: () => {} });
    const types: string[] = [];
    for await (const { type } of broken.fullStream) types.push(type);
    expect(types).toContain("error");
  });

  test("abort", async () => {
    const before = upstream.aborted;
    const controller = new AbortController();
    const result = streamText({
      model: model(),
      prompt: "endless",
      abortSignal: controller.signal,
      onError: () => {},
    });
    let pieces = 0;
    for await (const _piece of result.textStream) if (++pieces === 3) controller.abort();
    await expect.poll(() => upstream.aborted, { timeout: 1000 }).toBe(before + 1);
  });
});

describe("features of the gateway protocol only", () => {
  test("models with prices", async () => {
    const { models } = await gateway().getAvailableModels();
    expect(models).toMatchObject([
      {
        id: MODEL,
        pricing: { input: "0.0000002", output: "0.0000006" },
        specification: { specificationVersion: "v3", modelId: MODEL },
      },
    ]);
  });

  test("reasoning, costs, errors by class", async () => {
    const model = gateway()(`${MODEL}:thinking`);
    const { reasoningText, providerMetadata } = await generateText({ model, prompt: "x" });
    expect(reasoningText).toBe("hm");
    expect(providerMetadata?.gateway).toMatchObject({ cost: "0.0000046" });
    const wrongKey = generateText({ model: gateway("/v3/ai", "sk-no")(MODEL), prompt: "x" });
    await expect(wrongKey).rejects.toMatchObject({ name: "GatewayAuthenticationError" });
    const other = generateText({ model: gateway()("no/model"), prompt: "x" });
    await expect(other).rejects.toMatchObject({ name: "GatewayModelNotFoundError" });
  });
});

test("the real engine generates and streams the same answer", async () => {
  const engine: Engine = await openTiny({ contextTokens: 1024 });
  const real = await listen({ upstream: engine, log: silentLog, host: "127.0.0.1", port: 0 });
  try {
    const model = createGateway({ baseURL: `${real.url}/v3/ai`, apiKey: "x" })(MODEL);
    const asked = { model, prompt: "Hello", maxOutputTokens: 6 };
    const whole = await generateText(asked);
    const streamed = streamText(asked);
    expect(await streamed.text).toBe(whole.text);
    expect((await streamed.usage).inputTokens).toBe(whole.usage.inputTokens);
  } finally {
    await real.close(100);
    await engine.close();
  }
});
