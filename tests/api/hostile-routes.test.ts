// Hostile bodies that every route with a body must survive.

import { expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { createApp } from "../../src/server/app.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const app = createApp({ upstream: createFakeUpstream(), log: silentLog });
const user = (content: unknown) => [{ role: "user", content }];

/** Each route's minimal body, and the positions of its messages, parts and tools. */
const ROUTES = [
  {
    path: "/v1/chat/completions",
    least: { model: MODEL, messages: user("Hi") },
    list: (entries: unknown[]) => ({ messages: entries }),
    parts: (parts: unknown[]) => ({ messages: user(parts) }),
    tool: (name: string, schema: unknown) => ({
      type: "function",
      function: { name, parameters: schema },
    }),
    image: (url: string) => ({ type: "image_url", image_url: { url } }),
  },
  {
    path: "/v1/responses",
    least: { model: MODEL, input: "Hi" },
    list: (entries: unknown[]) => ({ input: entries }),
    parts: (parts: unknown[]) => ({ input: user(parts) }),
    tool: (name: string, schema: unknown) => ({ type: "function", name, parameters: schema }),
    image: (url: string) => ({ type: "input_image", image_url: url }),
  },
  {
    path: "/v1/messages",
    least: { model: MODEL, max_tokens: 9, messages: user("Hi") },
    list: (entries: unknown[]) => ({ messages: entries }),
    parts: (parts: unknown[]) => ({ messages: user(parts) }),
    tool: (name: string, schema: unknown) => ({ name, input_schema: schema }),
    image: (url: string) => ({ type: "image", source: { type: "url", url } }),
  },
  {
    path: "/v3/ai/language-model",
    least: { prompt: user([{ type: "text", text: "Hi" }]) },
    list: (entries: unknown[]) => ({ prompt: entries }),
    parts: (parts: unknown[]) => ({ prompt: user(parts) }),
    tool: (name: string, schema: unknown) => ({ type: "function", name, inputSchema: schema }),
    image: (url: string) => ({ type: "file", mediaType: "image/png", data: url }),
  },
] as const;

const send = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  app.request(path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "ai-language-model-id": MODEL,
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

/** Nested so deep that it has to be written by hand. */
const deep = (open: string, close: string) => open.repeat(40_000) + close.repeat(40_000);

test.each(ROUTES)("$path", async ({ path, least, list, parts, tool, image }) => {
  const refusals: (readonly [string, unknown])[] = [
    ["no JSON", "{"],
    ["a list", []],
    ["null", "null"],
    ["depth", deep("[", "]")],
    ["a million messages", { ...least, ...list(Array(1e6).fill(0)) }],
    ["a million parts", { ...least, ...parts(Array(1e6).fill(0)) }],
    ["a million tools", { ...least, tools: Array(1e6).fill(0) }],
    ["a name that is none", { ...least, tools: [tool("a b", {})] }],
    ["two tools of one name", { ...least, tools: [tool("a", {}), tool("a", {})] }],
    ["half a surrogate pair", { ...least, ...parts([{ type: "text", text: "\ud800" }]) }],
    ["no prototype's fields", JSON.stringify({ x: least }).replace('"x"', '"__proto__"')],
    ["NaN", JSON.stringify({ ...least, temperature: 7 }).replace(":7", ":NaN")],
    ["infinity", JSON.stringify({ ...least, temperature: 7 }).replace(":7", ":1e999")],
    ...[
      "file:///etc/passwd",
      "//x/y",
      "ftp://x/y",
      "javascript:1",
      "data:text/html;base64,AA==",
    ].map((url) => [url, { ...least, ...parts([image(url)]) }] as const),
    ["a URL without a fetcher", { ...least, ...parts([image("http://169.254.169.254/")]) }],
    ["65 images", { ...least, ...parts(Array(65).fill(image("http://a.example/"))) }],
  ];
  for (const [name, body] of refusals) {
    const response = await send(path, body);
    expect([400, 413], `${name}: ${response.status}`).toContain(response.status);
    const { error } = (await response.json()) as { error: { message: string } };
    expect(error.message).not.toBe("");
    expect(error.message.length).toBeLessThan(500);
  }
  const schema = `${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}`;
  const nested = JSON.stringify({ ...least, tools: [tool("a", "SCHEMA")] });
  const tooDeep = await send(path, nested.replace('"SCHEMA"', schema));
  expect(tooDeep.status).toBe(400);
  expect(await tooDeep.text()).toContain("nested too deeply");
  expect((await send(path, least, { "content-type": "text/plain" })).status).toBe(415);
  expect((await send(path, least)).status).toBe(200);
});
