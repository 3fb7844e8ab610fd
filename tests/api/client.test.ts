import OpenAI, { APIError, AuthenticationError, BadRequestError, NotFoundError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const KEY = "sk-test-1234";
const upstream = createFakeUpstream();
let server: Listening;
let client: OpenAI;

beforeAll(async () => {
  const address = { host: "127.0.0.1", port: 0 };
  server = await listen({ upstream, apiKey: KEY, log: silentLog, ...address });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: KEY, maxRetries: 0 });
});

afterAll(() => server.close(100));

const ask = (content: string) => ({
  model: MODEL,
  messages: [{ role: "user" as const, content }],
});

async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("the official client", () => {
  test("creates a completion", async () => {
    const completion = await client.chat.completions.create(ask("Hello there"));
    expect(completion.choices[0]?.message).toMatchObject({ content: "Hello there", refusal: null });
    expect(completion.choices[0]?.finish_reason).toBe("stop");
    expect(completion.usage?.total_tokens).toBe(17);
    expect(completion.model).toBe(MODEL);
    expect(completion.id).toMatch(/^gen-\d+-\w{20}$/);
    expect(completion._request_id).toMatch(/^req_/);
  });

  test("streams", async () => {
    const stream = await client.chat.completions.create({
      ...ask("One two three"),
      stream: true,
      stream_options: { include_usage: true },
      reasoning_effort: "high",
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks[0]?.choices[0]?.delta.role).toBe("assistant");
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    expect(text).toBe("One two three");
    const deltas = chunks.map((chunk) => chunk.choices[0]?.delta as { reasoning?: string });
    expect(deltas.map((delta) => delta?.reasoning ?? "").join("")).toBe("hm");
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
    expect(chunks.at(-1)?.usage?.prompt_tokens).toBe(14);
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
  });

  test("the stream helper agrees with the schema", async () => {
    const runner = client.chat.completions.stream(ask("One two"));
    expect(await runner.finalContent()).toBe("One two");
  });

  test("an image", async () => {
    const url = `data:image/png;base64,${Buffer.from("12345").toString("base64")}`;
    const content = [
      { type: "text" as const, text: "see " },
      { type: "image_url" as const, image_url: { url } },
    ];
    const completion = await client.chat.completions.create({
      model: "nano",
      messages: [{ role: "user", content }],
    });
    expect(completion.choices[0]?.message.content).toBe("see [5]");
  });

  test("log probabilities", async () => {
    const { choices } = await client.chat.completions.create({
      ...ask("a b"),
      logprobs: true,
      top_logprobs: 2,
    });
    expect(choices[0]?.logprobs?.content).toHaveLength(2);
    expect(choices[0]?.logprobs?.content?.[0]).toMatchObject({ token: "a ", logprob: -0.25 });
    expect(choices[0]?.logprobs?.content?.[0]?.top_logprobs).toHaveLength(2);
  });

  test("passes on stop strings and numbers", async () => {
    await client.chat.completions.create({ ...ask("x"), stop: ["END"], seed: 7, max_tokens: 5 });
    expect(upstream.requests.at(-1)).toMatchObject({ stop: ["END"], maxTokens: 5 });
    expect(upstream.requests.at(-1)?.sampling?.seed).toBe(7n);
  });

  test("abort", async () => {
    const before = upstream.aborted;
    const stream = await client.chat.completions.create({ ...ask("endless"), stream: true });
    let chunks = 0;
    for await (const _ of stream) if (++chunks === 5) break;
    await expect.poll(() => upstream.aborted, { timeout: 1000 }).toBe(before + 1);

    const controller = new AbortController();
    const answer = client.chat.completions.create(ask("endless"), { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await thrownBy(answer);
    await expect.poll(() => upstream.aborted, { timeout: 1000 }).toBe(before + 2);
  });

  test("sends headers early and a slow answer in full", async () => {
    const begun = Date.now();
    const stream = await client.chat.completions.create({ ...ask("slow"), stream: true });
    expect(Date.now() - begun).toBeLessThan(2500);
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("slow");
  });

  test("a failed stream ends with an error", async () => {
    const stream = await client.chat.completions.create({ ...ask("break it"), stream: true });
    const read = async (): Promise<void> => {
      for await (const _ of stream);
    };
    const error = await thrownBy(read());
    expect(error).toBeInstanceOf(APIError);
    expect((error as APIError).code).toBe("engine_closed");
  });

  test("models", async () => {
    const { data } = await client.models.list();
    expect(data.map((model) => model.id)).toEqual([MODEL]);
    expect((await client.models.retrieve(MODEL)).owned_by).toBe("nvidia");
    expect(await thrownBy(client.models.retrieve("other/one"))).toBeInstanceOf(NotFoundError);
  });
});

describe("errors by class", () => {
  const create = (body: object) =>
    thrownBy(
      client.chat.completions.create(body as Parameters<typeof client.chat.completions.create>[0]),
    );

  test("an unknown model", async () => {
    const error = await create({ ...ask("x"), model: "gpt-4" });
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ code: "model_not_found", status: 404, param: "model" });
  });

  test("a wrong type", async () => {
    const error = await create({ ...ask("x"), temperature: "hot" });
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ code: "invalid_type", param: "temperature" });
  });

  test.each([{ stream: false }, { stream: true }])("too long: %j", async (options) => {
    const error = await create({ ...ask("too long"), ...options });
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ code: "context_length_exceeded" });
  });

  test("more tokens than the context", async () => {
    expect(await create({ ...ask("x"), max_tokens: 200_000 })).toMatchObject({
      code: "out_of_range",
      param: "max_tokens",
    });
  });

  test("a wrong key, no key", async () => {
    const { url } = server;
    const other = new OpenAI({ baseURL: `${url}/v1`, apiKey: "sk-no", maxRetries: 0 });
    const error = await thrownBy(other.chat.completions.create(ask("x")));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ code: "invalid_api_key" });
    expect((await fetch(`${url}/v1/models`)).status).toBe(401);
  });

  test("a full queue sends a retry-after", async () => {
    const error = (await create(ask("full"))) as APIError;
    expect(error.status).toBe(429);
    expect(error.headers?.get("retry-after")).toBe("2");
  });

  test.each([
    { stream: false },
    { stream: true },
  ])("a crash reveals nothing: %j", async (options) => {
    const error = (await create({ ...ask("crash"), ...options })) as APIError;
    expect(error.status).toBe(500);
    expect(JSON.stringify(error.error)).not.toMatch(/secret|root|0x/);
  });
});
