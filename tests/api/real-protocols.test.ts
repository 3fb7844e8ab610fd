// One engine behind every protocol: the same question gets the same answer.

import { createGateway } from "@ai-sdk/gateway";
import Anthropic from "@anthropic-ai/sdk";
import { generateText } from "ai";
import OpenAI from "openai";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { openTiny } from "../engine/asking.ts";
import { MODEL } from "./fake-upstream.ts";

let engine: Engine;
let server: Listening;
let openai: OpenAI;
let anthropic: Anthropic;
let gateway: ReturnType<typeof createGateway>;

beforeAll(async () => {
  engine = await openTiny({ contextTokens: 4096, maxSequences: 4 });
  server = await listen({ upstream: engine, log: silentLog, host: "127.0.0.1", port: 0 });
  openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "x", maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: server.url, apiKey: "x", maxRetries: 0 });
  gateway = createGateway({ baseURL: `${server.url}/v3/ai`, apiKey: "x" });
});
afterAll(async () => {
  await server.close(100);
  await engine.close();
});

const MOST = 12;

test("a picture and a question", async () => {
  const create = { width: 120, height: 80, channels: 3 as const, background: "#7f3010" };
  const png = await sharp({ create }).png().toBuffer();
  const base64 = png.toString("base64");
  const url = `data:image/png;base64,${base64}`;
  const text = "What is it?";

  const chat = await openai.chat.completions.create({
    model: MODEL,
    max_tokens: MOST,
    messages: [
      {
        role: "user",
        content: [
          { type: "image_url", image_url: { url } },
          { type: "text", text },
        ],
      },
    ],
  });
  const response = await openai.responses.create({
    model: MODEL,
    max_output_tokens: MOST,
    input: [
      {
        role: "user",
        content: [
          { type: "input_image", image_url: url, detail: "auto" },
          { type: "input_text", text },
        ],
      },
    ],
  });
  const message = await anthropic.messages.create({
    model: MODEL,
    max_tokens: MOST,
    messages: [
      {
        role: "user",
        content: [
          { type: "image", source: { type: "base64", media_type: "image/png", data: base64 } },
          { type: "text", text },
        ],
      },
    ],
  });
  const generated = await generateText({
    model: gateway(MODEL),
    maxOutputTokens: MOST,
    messages: [
      {
        role: "user",
        content: [
          { type: "image", image: png, mediaType: "image/png" },
          { type: "text", text },
        ],
      },
    ],
  });

  const said = chat.choices[0]?.message.content ?? "";
  const [block] = message.content;
  expect([response.output_text, block?.type === "text" ? block.text : "", generated.text]).toEqual([
    said,
    said,
    said,
  ]);
  const { usage } = message;
  expect([
    response.usage?.input_tokens,
    usage.input_tokens + (usage.cache_read_input_tokens ?? 0),
    generated.usage.inputTokens,
  ]).toEqual(Array(3).fill(chat.usage?.prompt_tokens));
});

test("a call that has to be made", async () => {
  const schema = {
    type: "object" as const,
    properties: { metric: { type: "boolean" } },
    required: ["metric"],
    additionalProperties: false,
  };
  const name = "weather";
  const question = "Is it sunny?";
  const response = await openai.responses.create({
    model: MODEL,
    input: question,
    tools: [{ type: "function", name, parameters: schema, strict: true }],
    tool_choice: "required",
    parallel_tool_calls: false,
  });
  const call = response.output.find((item) => item.type === "function_call");
  expect(JSON.parse(call?.arguments ?? "")).toEqual({ metric: expect.any(Boolean) });

  const message = await anthropic.messages
    .stream({
      model: MODEL,
      max_tokens: 200,
      messages: [{ role: "user", content: question }],
      tools: [{ name, input_schema: schema, strict: true }],
      tool_choice: { type: "tool", name, disable_parallel_tool_use: true },
    })
    .finalMessage();
  expect(message.stop_reason).toBe("tool_use");
  expect(message.content).toMatchObject([{ type: "tool_use", name, input: expect.any(Object) }]);
});

test("several answers differ by their seeds, and a seed repeats its answer", async () => {
  const ask = (n: number, seed: number) =>
    openai.chat.completions.create({
      model: MODEL,
      messages: [{ role: "user", content: "Hello" }],
      temperature: 1.5,
      max_tokens: MOST,
      n,
      seed,
    });
  const [three, second] = [await ask(3, 40), await ask(1, 41)];
  const texts = three.choices.map(({ message }) => message.content);
  expect(new Set(texts).size).toBe(3);
  expect(texts[1]).toBe(second.choices[0]?.message.content);
  await expect.poll(() => engine.stats.running).toBe(0);
});
