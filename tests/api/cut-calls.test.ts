import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { openTiny } from "../engine/asking.ts";

// Calls that max_tokens cuts, by the real engine on models/tiny: no protocol shows their markup.

const MODEL = "nvidia/nemotron-nano-12b-v2-vl";
let engine: Engine;
let server: Listening;

beforeAll(async () => {
  engine = await openTiny({ contextTokens: 4096 });
  server = await listen({ upstream: engine, log: silentLog, host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await server.close(100);
  await engine.close();
});

const parameters = {
  type: "object",
  properties: { city: { type: "string", minLength: 200 } },
  required: ["city"],
};
const messages = [{ role: "user", content: "Weather?" }];
const fn = { name: "weather", parameters };

/** A body with a token limit, and the value by which the protocol reports it. */
const ROUTES: readonly (readonly [string, (most: number, stream: boolean) => object, string])[] = [
  [
    "/v1/chat/completions",
    (max_tokens, stream) => ({
      model: MODEL,
      messages,
      max_tokens,
      stream,
      tools: [{ type: "function", function: fn }],
      tool_choice: "required",
    }),
    '"finish_reason":"length"',
  ],
  [
    "/v1/responses",
    (max_output_tokens, stream) => ({
      model: MODEL,
      input: messages,
      max_output_tokens,
      stream,
      tools: [{ type: "function", ...fn }],
      tool_choice: "required",
    }),
    '"status":"incomplete"',
  ],
  [
    "/v1/messages",
    (max_tokens, stream) => ({
      model: MODEL,
      messages,
      max_tokens,
      stream,
      tools: [{ name: "weather", input_schema: parameters }],
      tool_choice: { type: "any" },
    }),
    '"stop_reason":"max_tokens"',
  ],
  [
    "/v3/ai/language-model",
    (maxOutputTokens) => ({
      prompt: [{ role: "user", content: [{ type: "text", text: "Weather?" }] }],
      maxOutputTokens,
      tools: [{ type: "function", name: "weather", inputSchema: parameters }],
      toolChoice: { type: "required" },
    }),
    '"unified":"length"',
  ],
];

describe.each(ROUTES)("%s", (path, bodyOf, cut) => {
  test.each([
    [1, false],
    [1, true],
    [6, false],
    [40, false],
    [40, true],
    [90, true],
  ])("%i tokens, streamed: %s", async (most, stream) => {
    const response = await fetch(`${server.url}${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "ai-language-model-id": MODEL,
        "ai-language-model-streaming": String(stream),
      },
      body: JSON.stringify(bodyOf(most, stream)),
    });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toContain(cut);
    expect(text).not.toMatch(/TOOLC/);
    if (most >= 90) expect(text).toContain('"weather"');
  });
});
