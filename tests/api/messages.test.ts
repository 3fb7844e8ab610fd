import Anthropic, {
  APIError,
  AuthenticationError,
  BadRequestError,
  NotFoundError,
  RateLimitError,
} from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { openTiny } from "../engine/asking.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const KEY = "sk-test";
const upstream = createFakeUpstream();
let server: Listening;
let client: Anthropic;

const clientOf = (url: string, apiKey = KEY) =>
  new Anthropic({ baseURL: url, apiKey, maxRetries: 0 });

beforeAll(async () => {
  server = await listen({ upstream, apiKey: KEY, log: silentLog, host: "127.0.0.1", port: 0 });
  client = clientOf(server.url);
});
afterAll(() => server.close(100));

const ask = (content: Anthropic.MessageParam["content"], max_tokens = 50) => ({
  model: MODEL,
  max_tokens,
  messages: [{ role: "user" as const, content }],
});
const tool = (name: string): Anthropic.Tool => ({
  name,
  description: "Weather",
  input_schema: { type: "object", properties: { city: { type: "string" } } },
});
const thrownBy = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("messages by the official client", () => {
  test("create", async () => {
    const message = await client.messages.create({
      ...ask("One two"),
      system: [
        { type: "text", text: "Be short" },
        { type: "text", text: "Be kind" },
      ],
      thinking: { type: "enabled", budget_tokens: 1024 },
      stop_sequences: ["END"],
    });
    expect(message).toMatchObject({
      type: "message",
      role: "assistant",
      model: MODEL,
      stop_reason: "end_turn",
      content: [
        { type: "thinking", thinking: "hm" },
        { type: "text", text: "One two" },
      ],
      usage: { input_tokens: 14, output_tokens: 3 },
    });
    expect(upstream.requests.at(-1)).toMatchObject({
      messages: [
        { role: "system", content: "Be short\n\nBe kind" },
        { role: "user", content: "One two" },
      ],
      stop: ["END"],
      maxTokens: 50,
      reasoning: { enabled: true, budgetTokens: 1024 },
    });
  });

  test("stream: every event, in order", async () => {
    const stream = await client.messages.create({
      ...ask("One two"),
      thinking: { type: "enabled", budget_tokens: 1024 },
      stream: true,
    });
    const types: string[] = [];
    for await (const { type } of stream) types.push(type);
    expect(types).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "content_block_start",
      "content_block_delta",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
  });

  test("the stream helper assembles text and calls, twice", async () => {
    const tools = [tool("here"), tool("there")];
    const first = await client.messages.stream({ ...ask("use tools"), tools }).finalMessage();
    expect(first.stop_reason).toBe("tool_use");
    expect(first.content).toMatchObject([
      { type: "text", text: "Calling. " },
      { type: "tool_use", name: "here", input: { city: "Aachen" } },
      { type: "tool_use", name: "there", input: { city: "Aachen" } },
    ]);
    const calls = first.content.filter((block) => block.type === "tool_use");
    await client.messages.create({
      model: MODEL,
      max_tokens: 9,
      tools,
      tool_choice: { type: "any", disable_parallel_tool_use: true },
      messages: [
        { role: "user", content: "use tools" },
        { role: "assistant", content: first.content },
        {
          role: "user",
          content: [
            ...calls.map(({ id }) => ({
              type: "tool_result" as const,
              tool_use_id: id,
              content: "sunny",
            })),
            { type: "text", text: "and now?" },
          ],
        },
      ],
    });
    expect(upstream.requests.at(-1)).toMatchObject({
      messages: [
        { role: "user" },
        { role: "assistant", toolCalls: [{ name: "here" }, { name: "there" }] },
        { role: "tool", content: "sunny" },
        { role: "tool", content: "sunny" },
        { role: "user", content: [{ type: "text", text: "and now?" }] },
      ],
      toolChoice: "required",
      parallelToolCalls: false,
    });
  });

  test("images, also in results of tools", async () => {
    const data = Buffer.from("12345").toString("base64");
    const image = {
      type: "image" as const,
      source: { type: "base64" as const, media_type: "image/png" as const, data },
    };
    const message = await client.messages.create(ask([{ type: "text", text: "see " }, image]));
    expect(message.content).toMatchObject([{ text: "see [5]" }]);
    const call = { type: "tool_use" as const, id: "toolu_1", name: "see", input: {} };
    const result = { type: "tool_result" as const, tool_use_id: "toolu_1", content: [image] };
    await client.messages.create({
      ...ask([result]),
      messages: [
        { role: "user", content: "Look" },
        { role: "assistant", content: [call] },
        { role: "user", content: [result] },
      ],
    });
    expect(upstream.requests.at(-1)?.messages.slice(2)).toMatchObject([
      { role: "tool", content: "[image]" },
      { role: "user", content: [{ type: "image" }] },
    ]);
  });

  test("continues a last assistant message; enforces a schema", async () => {
    const schema = { type: "object", properties: {}, additionalProperties: false };
    await client.messages.create({
      model: MODEL,
      max_tokens: 9,
      output_config: { format: { type: "json_schema", schema } },
      messages: [
        { role: "user", content: "Count" },
        { role: "assistant", content: "One," },
      ],
    });
    expect(upstream.requests.at(-1)).toMatchObject({
      continueFinalMessage: true,
      output: { type: "json_schema", schema: JSON.stringify(schema) },
    });
  });

  test("counts tokens", async () => {
    const messages = [{ role: "user" as const, content: "Hi" }];
    const counted = await client.messages.countTokens({ model: MODEL, messages });
    expect(counted).toEqual({ input_tokens: 14 });
  });

  test("abort", async () => {
    const before = upstream.aborted;
    const stream = await client.messages.create({ ...ask("endless"), stream: true });
    let events = 0;
    for await (const _ of stream) if (++events === 5) break;
    await expect.poll(() => upstream.aborted, { timeout: 1000 }).toBe(before + 1);
  });
});

describe("errors in the protocol's format", () => {
  test.each([
    [{ messages: [] }, BadRequestError, "messages"],
    [{ max_tokens: 0 }, BadRequestError, "max_tokens"],
    [{ model: "other" }, NotFoundError, "other"],
    [{ tool_choice: { type: "any" } }, BadRequestError, "tool_choice"],
    [
      { messages: [{ role: "user", content: [{ type: "document", source: {} }] }] },
      BadRequestError,
      "messages[0].content[0]",
    ],
    [{ messages: [{ role: "user", content: "full" }] }, RateLimitError, "wait"],
  ])("%j", async (change, type, words) => {
    const body = { ...ask("x"), ...change } as Anthropic.MessageCreateParamsNonStreaming;
    const error = await thrownBy(client.messages.create(body));
    expect(error).toBeInstanceOf(type);
    expect((error as APIError).message).toContain(words);
    expect((error as APIError).error).toMatchObject({
      type: "error",
      error: { type: expect.stringMatching(/_error$/) },
      request_id: expect.stringMatching(/^req_/),
    });
  });

  test("a wrong key", async () => {
    const error = await thrownBy(clientOf(server.url, "sk-no").messages.create(ask("x")));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect((error as APIError).error).toMatchObject({ error: { type: "authentication_error" } });
  });

  test("a failed stream", async () => {
    const stream = await client.messages.create({ ...ask("break it"), stream: true });
    const read = async () => {
      for await (const _ of stream);
    };
    const error = await thrownBy(read());
    expect(error).toBeInstanceOf(APIError);
    expect((error as APIError).message).toContain("the engine was closed");
  });
});

test("the real engine answers until max_tokens", async () => {
  const engine: Engine = await openTiny({ contextTokens: 1024 });
  const real = await listen({ upstream: engine, log: silentLog, host: "127.0.0.1", port: 0 });
  try {
    const direct = clientOf(real.url);
    const body = ask("Hello", 4);
    const { input_tokens } = await direct.messages.countTokens({
      model: MODEL,
      messages: body.messages,
    });
    const message = await direct.messages.create(body);
    expect(message.stop_reason).toMatch(/max_tokens|end_turn/);
    const { cache_read_input_tokens: cached } = message.usage;
    expect(message.usage.input_tokens + (cached ?? 0)).toBe(input_tokens);
    const streamed = await direct.messages.stream(body).finalMessage();
    expect(streamed.content).toEqual(message.content);
  } finally {
    await real.close(100);
    await engine.close();
  }
});
