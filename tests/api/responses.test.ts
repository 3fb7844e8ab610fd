import OpenAI, { APIError, BadRequestError } from "openai";
import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";
import { usingRealServer } from "./real-server.ts";
import { asInput } from "./response-items.ts";

const upstream = createFakeUpstream();
let server: Listening;
let client: OpenAI;

beforeAll(async () => {
  server = await listen({ upstream, log: silentLog, host: "127.0.0.1", port: 0 });
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "x", maxRetries: 0 });
});
afterAll(() => server.close(100));

const weather = (name: string) => ({
  type: "function" as const,
  name,
  strict: true,
  parameters: { type: "object", properties: { city: { type: "string" } } },
});
const thrownBy = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("responses by the official client", () => {
  test("create", async () => {
    const response = await client.responses.create({
      model: MODEL,
      instructions: "Be short",
      input: "One two",
      reasoning: { effort: "high" },
      max_output_tokens: 99,
    });
    expect(response).toMatchObject({ object: "response", status: "completed", model: MODEL });
    expect(response.output_text).toBe("One two");
    expect(response.output.map(({ type }) => type)).toEqual(["reasoning", "message"]);
    expect(response.usage).toMatchObject({ input_tokens: 14, output_tokens: 3, total_tokens: 17 });
    expect(upstream.requests.at(-1)).toMatchObject({
      messages: [
        { role: "system", content: "Be short" },
        { role: "user", content: "One two" },
      ],
      maxTokens: 99,
      reasoning: { enabled: true },
    });
  });

  test("stream: every event, in order, numbered", async () => {
    const stream = await client.responses.create({
      model: MODEL,
      input: [{ role: "user", content: [{ type: "input_text", text: "One two" }] }],
      reasoning: { effort: "low" },
      stream: true,
    });
    const events: ResponseStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual([...events.keys()]);
    expect(events.map(({ type }) => type.replace("response.", ""))).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "content_part.added",
      "reasoning_text.delta",
      "reasoning_text.done",
      "content_part.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "completed",
    ]);
  });

  test("the stream helper assembles the answer", async () => {
    const runner = client.responses.stream({
      model: MODEL,
      input: "use tools",
      tools: [weather("here"), weather("there")],
    });
    const response = await runner.finalResponse();
    expect(response.output_text).toBe("Calling. ");
    expect(response.output.slice(1)).toMatchObject([
      { type: "function_call", name: "here", arguments: '{"city":"Aachen"}' },
      { type: "function_call", name: "there", arguments: '{"city":"Aachen"}' },
    ]);
  });

  test("a second round with tool results", async () => {
    const tools = [weather("here")];
    const first = await client.responses.create({ model: MODEL, input: "use tools", tools });
    const call = first.output.find((item) => item.type === "function_call");
    await client.responses.create({
      model: MODEL,
      tools,
      tool_choice: { type: "function", name: "here" },
      parallel_tool_calls: false,
      input: [
        { role: "user", content: "use tools" },
        ...asInput(first.output),
        { type: "function_call_output", call_id: call!.call_id, output: "sunny" },
      ],
    });
    expect(upstream.requests.at(-1)).toMatchObject({
      messages: [
        { role: "user" },
        { role: "assistant", toolCalls: [{ name: "here", arguments: '{"city":"Aachen"}' }] },
        { role: "tool", content: "sunny" },
      ],
      toolChoice: { name: "here" },
      parallelToolCalls: false,
    });
  });

  test("an image, a schema, log probabilities", async () => {
    const image_url = `data:image/png;base64,${Buffer.from("12345").toString("base64")}`;
    const schema = { type: "object", properties: {}, additionalProperties: false };
    const response = await client.responses.create({
      model: MODEL,
      input: [{ role: "user", content: [{ type: "input_image", detail: "auto", image_url }] }],
      text: { format: { type: "json_schema", name: "s", schema } },
      include: ["message.output_text.logprobs"],
      top_logprobs: 2,
    });
    const [message] = response.output;
    const [part] = message?.type === "message" ? message.content : [];
    expect(part).toMatchObject({ text: "[5]", logprobs: [{ token: "[5]", logprob: -0.25 }] });
    expect(upstream.requests.at(-1)?.output).toEqual({
      type: "json_schema",
      schema: JSON.stringify(schema),
    });
  });

  test("counts tokens", async () => {
    const body = { model: MODEL, input: "Hi" };
    const counted = await client.responses.inputTokens.count(body);
    expect(counted).toEqual({ object: "response.input_tokens", input_tokens: 14 });
    const chat = await fetch(`${server.url}/v1/chat/completions/input_tokens`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: MODEL, messages: [{ role: "user", content: "Hi" }] }),
    });
    expect(await chat.json()).toEqual({ input_tokens: 14 });
  });

  test("a failed stream ends with an error", async () => {
    const stream = await client.responses.create({ model: MODEL, input: "break it", stream: true });
    const seen: string[] = [];
    const read = async () => {
      for await (const { type } of stream) seen.push(type);
    };
    expect(await thrownBy(read())).toBeInstanceOf(APIError);
    expect(seen.at(-1)).toBe("response.failed");
  });

  test.each([
    [{ background: true }, "background"],
    [{ input: [] }, "input"],
    [
      { input: [{ role: "user", content: [{ type: "input_file" }] }] },
      "input[0].content[0].file_data",
    ],
    [
      { input: [{ role: "user", content: [{ type: "input_image", image_url: "file:///x" }] }] },
      "input[0].content[0].image_url",
    ],
    [{ input: [{ type: "hologram" }] }, "input[0].type"],
    [{ input: [{ type: "function_call", name: "f", arguments: "" }] }, "input[0].call_id"],
    [{ tools: [{ type: "web_search" }], tool_choice: { type: "web_search" } }, "tool_choice"],
    [{ tools: [weather("a"), weather("a")] }, "tools[1].name"],
    [{ tool_choice: "required" }, "tool_choice"],
    [{ text: { format: { type: "json_schema", name: "x" } } }, "text.format.schema"],
    [{ max_output_tokens: 200_000 }, "max_output_tokens"],
    [{ temperature: "hot" }, "temperature"],
  ])("%j is refused", async (body, param) => {
    const request = { model: MODEL, input: "x", ...body };
    const error = await thrownBy(
      client.responses.create(request as OpenAI.Responses.ResponseCreateParamsNonStreaming),
    );
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ param });
  });
});

test("the real engine answers until max_output_tokens", async () => {
  await usingRealServer({ contextTokens: 1024 }, async ({ client: direct }) => {
    const body = { model: MODEL, input: "Hello", max_output_tokens: 8, ignore_eos: true };
    const response = await direct.responses.create(body);
    expect(response.status).toBe("incomplete");
    expect(response.incomplete_details).toEqual({ reason: "max_output_tokens" });
    expect(response.usage?.output_tokens).toBe(8);
    const { input_tokens } = await direct.responses.inputTokens.count({
      model: MODEL,
      input: "Hello",
    });
    expect(response.usage?.input_tokens).toBe(input_tokens);
    const streamed = await direct.responses.stream(body).finalResponse();
    expect(streamed.output_text).toBe(response.output_text);
  });
});
