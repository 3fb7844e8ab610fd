import OpenAI, { BadRequestError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";
import { usingRealServer } from "./real-server.ts";

const upstream = createFakeUpstream();
let server: Listening;
let client: OpenAI;

beforeAll(async () => {
  server = await listen({ upstream, log: silentLog, host: "127.0.0.1", port: 0 });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "x", maxRetries: 0 });
});
afterAll(() => server.close(100));

const refusal = (body: object) =>
  client.completions.create(body as OpenAI.CompletionCreateParamsNonStreaming).then(
    () => undefined,
    (error: unknown) => error,
  );

describe("completions by the official client", () => {
  test("one prompt", async () => {
    const completion = await client.completions.create({ model: MODEL, prompt: "One two" });
    expect(completion).toMatchObject({ object: "text_completion", model: MODEL });
    expect(completion.choices).toMatchObject([
      { index: 0, text: "One two", finish_reason: "stop", logprobs: null },
    ]);
    expect(upstream.requests.at(-1)).toMatchObject({ prompt: "One two", maxTokens: 16 });
  });

  test.each([
    [
      ["a", "b"],
      ["a", "a", "b", "b"],
    ],
    [
      [72, 105],
      ["Hi", "Hi"],
    ],
    [
      [[72], [105]],
      ["H", "H", "i", "i"],
    ],
  ])("prompts %j, twice each", async (prompt, texts) => {
    const completion = await client.completions.create({ model: MODEL, prompt, n: 2 });
    expect(completion.choices.map(({ text }) => text)).toEqual(texts);
    expect(completion.usage?.prompt_tokens).toBe((texts.length / 2) * 14);
    expect(completion.usage?.completion_tokens).toBe(texts.length * 3);
  });

  test("streams with log probabilities and an echo", async () => {
    const stream = await client.completions.create({
      model: MODEL,
      prompt: ["a b", "c"],
      stream: true,
      logprobs: 1,
      stream_options: { include_usage: true },
    });
    const texts = ["", ""];
    const tokens: string[] = [];
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const { choices, ...rest } of stream) {
      for (const choice of choices) texts[choice.index] += choice.text;
      tokens.push(...(choices[0]?.logprobs?.tokens ?? []));
      usage = rest.usage ?? usage;
    }
    expect(texts).toEqual(["a b", "c"]);
    expect(tokens.sort()).toEqual(["a ", "b", "c"]);
    expect(usage?.total_tokens).toBe(34);
    const echoed = await client.completions.create({ model: MODEL, prompt: "a", echo: true });
    expect(echoed.choices[0]?.text).toBe("aa");
  });

  test.each([
    [{ prompt: [] }, "prompt"],
    [{ prompt: [1, "a"] }, "prompt[0]"],
    [{ prompt: [-1] }, "prompt[0]"],
    [{ prompt: Array(200).fill("a") }, "prompt"],
    [{ prompt: "a", logprobs: 6 }, "logprobs"],
    [{ prompt: "a", suffix: "b" }, "suffix"],
    [{ prompt: "a", best_of: 2 }, "best_of"],
    [{ prompt: [1], echo: true }, "echo"],
    [{ prompt: "a", n: 9 }, "n"],
    [{}, "prompt"],
  ])("%j is refused", async (body, param) => {
    const error = await refusal({ model: MODEL, ...body });
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ param });
  });
});

test("the real engine continues a text and its ids in the same way", async () => {
  await usingRealServer({ contextTokens: 1024 }, async ({ engine, client: direct }) => {
    const body = { model: MODEL, max_tokens: 8, ignore_eos: true, logprobs: 2 };
    const text = "Once upon a time";
    const byText = await direct.completions.create({ ...body, prompt: text });
    const ids = [...engine.tokenize(text)];
    const byIds = await direct.completions.create({ ...body, prompt: ids });
    expect(byIds.choices).toEqual(byText.choices);
    expect(byText.usage).toMatchObject({ prompt_tokens: ids.length, completion_tokens: 8 });
    expect(byText.choices[0]?.logprobs?.tokens).toHaveLength(8);
    const bad = { ...body, prompt: [999_999] };
    await expect(direct.completions.create(bad)).rejects.toThrow(BadRequestError);
  });
});
