import type OpenAI from "openai";
import { APIUserAbortError, BadRequestError, NotFoundError } from "openai";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lettersOnly, settled } from "../engine/asking.ts";
import { openRealServer, type RealServer } from "./real-server.ts";

const MODEL = "nvidia/nemotron-nano-12b-v2-vl";
let real: RealServer;
let client: OpenAI;
beforeAll(async () => {
  real = await openRealServer({ contextTokens: 4096, maxSequences: 4 });
  client = real.client;
});
afterAll(() => real.close());

/** A request that no end token cuts short. */
const ask = (content: string | OpenAI.ChatCompletionContentPart[], max_tokens = 20) => ({
  model: MODEL,
  messages: [{ role: "user" as const, content }],
  max_tokens,
  ignore_eos: true,
});

describe("the official client on the real engine", () => {
  test("creates, the same twice", async () => {
    const first = await client.chat.completions.create(ask("Hello there"));
    const second = await client.chat.completions.create(ask("Hello there"));
    expect(first.choices[0]).toMatchObject({ index: 0, finish_reason: "length" });
    expect(first.choices[0]?.message.content).toBeTruthy();
    expect(second.choices).toEqual(first.choices);
    expect(first.usage).toMatchObject({ completion_tokens: 20 });
    expect(first.usage?.total_tokens).toBe(first.usage!.prompt_tokens + 20);
    expect(first.system_fingerprint).toBe(second.system_fingerprint);
  });

  test("streams what it creates", async () => {
    const whole = await client.chat.completions.create(ask("One two three"));
    const stream = await client.chat.completions.create({
      ...ask("One two three"),
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let finish: string | null | undefined;
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      finish = chunk.choices[0]?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect([finish, usage?.completion_tokens]).toEqual(["length", 20]);
  });

  test("sees an image: its tokens are counted and change the answer", async () => {
    const answers = [];
    for (const background of ["white", "#7f3010"]) {
      const create = { width: 100, height: 60, channels: 3 as const, background };
      const bytes = await sharp({ create }).png().toBuffer();
      const url = `data:image/png;base64,${bytes.toString("base64")}`;
      const image = { type: "image_url" as const, image_url: { url } };
      const question = { type: "text" as const, text: "What is it?" };
      const request = { ...ask([image, question]), logprobs: true };
      answers.push(await client.chat.completions.create(request));
    }
    const without = await client.chat.completions.create(ask("What is it?"));
    const [white, brown] = answers;
    expect(white!.usage!.prompt_tokens).toBeGreaterThan(without.usage!.prompt_tokens + 4);
    expect(brown!.usage).toEqual(white!.usage);
    expect(brown!.choices[0]?.logprobs).not.toEqual(white!.choices[0]?.logprobs);
  });

  test("log probabilities", async () => {
    const { choices } = await client.chat.completions.create({
      ...ask("a b"),
      logprobs: true,
      top_logprobs: 5,
    });
    const content = choices[0]?.logprobs?.content ?? [];
    expect(content).toHaveLength(20);
    for (const { token, logprob, top_logprobs } of content) {
      expect(top_logprobs).toHaveLength(5);
      expect(top_logprobs[0]).toMatchObject({ token, logprob });
    }
  });

  test("stop strings", async () => {
    const logit_bias = Object.fromEntries(await lettersOnly());
    const request = { ...ask("Hello there"), logit_bias };
    const { choices } = await client.chat.completions.create(request);
    const text = choices[0]!.message.content!;
    const stop = text.slice(6, 9);
    const stopped = await client.chat.completions.create({ ...request, stop });
    expect(stopped.choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { content: text.slice(0, text.indexOf(stop)) },
    });
  });

  test("a seed", async () => {
    const drawn = async (seed: number) => {
      const request = { ...ask("Hello"), temperature: 1.5, seed };
      return (await client.chat.completions.create(request)).choices[0]?.message.content;
    };
    const [first, again, other] = await Promise.all([drawn(7), drawn(7), drawn(8)]);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test.each([true, false])("abort frees the slot, stream: %s", async (stream) => {
    const controller = new AbortController();
    const request = { ...ask("Hello", 3500), stream };
    const answer = client.chat.completions.create(request, { signal: controller.signal });
    answer.catch(() => {});
    await expect.poll(() => real.engine.stats.running, { interval: 1 }).toBe(1);
    controller.abort();
    if (!stream) await expect(answer).rejects.toThrow(APIUserAbortError);
    await expect.poll(() => real.engine.stats.running, { timeout: 2000, interval: 1 }).toBe(0);
    await settled(real.engine);
    expect(real.engine.stats).toMatchObject({ slotsFree: 4, pagesFree: real.engine.info.pages });
  });

  test("a reader that leaves a stream frees the slot", async () => {
    const stream = await client.chat.completions.create({ ...ask("Hello", 3500), stream: true });
    for await (const _ of stream) break;
    await expect.poll(() => real.engine.stats.running, { timeout: 2000, interval: 1 }).toBe(0);
    expect(real.engine.stats).toMatchObject({ slotsFree: 4, waiting: 0 });
  });
});

describe("errors", () => {
  const thrownBy = (body: object) =>
    client.chat.completions.create(body as OpenAI.ChatCompletionCreateParamsNonStreaming).then(
      () => undefined,
      (error: unknown) => error,
    );

  test("a model that is not there", async () => {
    const error = await thrownBy({ ...ask("x"), model: "gpt-4" });
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ code: "model_not_found", param: "model" });
  });

  test("a wrong type", async () => {
    const error = await thrownBy({ ...ask("x"), temperature: "hot" });
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ code: "invalid_type", param: "temperature" });
  });

  test.each([true, false])("a prompt that is too long, stream: %s", async (stream) => {
    const error = await thrownBy({ ...ask("too long ".repeat(2000)), stream });
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ code: "context_length_exceeded", param: "messages" });
    expect((error as BadRequestError).message).toContain("4096");
  });

  test("an answer that cannot fit beside its prompt", async () => {
    expect(await thrownBy(ask("x", 4096))).toMatchObject({ code: "context_length_exceeded" });
    expect(await thrownBy(ask("x", 4097))).toMatchObject({
      code: "out_of_range",
      param: "max_tokens",
    });
  });

  test("an invalid image", async () => {
    const url = `data:image/png;base64,${Buffer.from("not a picture").toString("base64")}`;
    const image = { type: "image_url" as const, image_url: { url } };
    const error = await thrownBy(ask([image]));
    expect(error).toMatchObject({ status: expect.any(Number) });
    expect((error as BadRequestError).status).toBeGreaterThanOrEqual(400);
    expect((error as BadRequestError).status).toBeLessThan(500);
  });
});

test("an estimate equals the billed tokens", async () => {
  const png = await sharp({ create: { width: 700, height: 300, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  const body = ask([
    { type: "text", text: "What is in <image> this?" },
    { type: "image_url", image_url: { url: `data:image/png;base64,${png.toString("base64")}` } },
  ]);
  const response = await fetch(`${real.url}/v1/estimate`, {
    method: "POST",
    headers: { authorization: "Bearer sk-real", "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const estimate = (await response.json()) as {
    prompt_tokens: number;
    prompt_tokens_details: { image_tokens: number };
    images: { width: number; tiles: { columns: number; rows: number; count: number } }[];
  };
  const billed = (await client.chat.completions.create(body)).usage!;
  expect(estimate.prompt_tokens).toBe(billed.prompt_tokens);
  expect(estimate.prompt_tokens_details.image_tokens).toBeGreaterThan(0);
  expect(estimate.images).toMatchObject([{ width: 700, height: 300 }]);
  const { columns, rows, count } = estimate.images[0]!.tiles;
  expect(count).toBe(columns * rows + (columns * rows > 1 ? 1 : 0));
});
