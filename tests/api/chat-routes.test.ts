import { createServer, type Server } from "node:http";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LIMITS } from "../../src/core/limits.ts";
import { silentLog } from "../../src/core/log.ts";
import { MediaFetcher } from "../../src/egress/media-fetcher.ts";
import type { KeyRing } from "../../src/limits/keys.ts";
import { createApp } from "../../src/server/app.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const upstream = createFakeUpstream();
const prices = { prompt: 200_000n, completion: 600_000n };
const app = createApp({ upstream, prices, log: silentLog });
const ask = (content: unknown, rest: object = {}) => ({
  model: MODEL,
  messages: [{ role: "user", content }],
  ...rest,
});
const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: body instanceof Uint8Array ? Uint8Array.from(body) : JSON.stringify(body),
});
const chat = "/v1/chat/completions";
const send = (body: unknown, headers?: Record<string, string>) =>
  app.request(chat, post(body, headers));

interface Chunk {
  readonly choices: readonly {
    readonly index: number;
    readonly delta: { readonly content?: string };
    readonly finish_reason: string | null;
  }[];
  readonly usage?: { readonly completion_tokens: number; readonly prompt_tokens: number };
}

async function chunksOf(response: Response): Promise<Chunk[]> {
  const events = (await response.text()).trim().split("\n\n");
  expect(events.at(-1)).toBe("data: [DONE]");
  return events.slice(0, -1).map((event) => JSON.parse(event.slice("data: ".length)) as Chunk);
}

describe("several answers", () => {
  test("run concurrently with different seeds", async () => {
    upstream.requests.length = 0;
    const body = await (await send(ask("One two", { n: 3, seed: 7 }))).json();
    expect(body.choices.map((choice: { index: number }) => choice.index)).toEqual([0, 1, 2]);
    expect(body.choices[2].message.content).toBe("One two");
    expect(body.usage).toMatchObject({ prompt_tokens: 14, completion_tokens: 9 });
    expect(upstream.requests.map(({ sampling }) => sampling?.seed)).toEqual([7n, 8n, 9n]);
  });

  test("have their index in a stream and are counted together", async () => {
    const options = { n: 2, stream: true, stream_options: { include_usage: true } };
    const chunks = await chunksOf(await send(ask("One two", options)));
    for (const index of [0, 1]) {
      const own = chunks.flatMap(({ choices }) => choices).filter((one) => one.index === index);
      expect(own.map(({ delta }) => delta.content ?? "").join("")).toBe("One two");
      expect(own.filter((one) => one.finish_reason !== null)).toHaveLength(1);
    }
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 6 } });
  });

  test("end together", async () => {
    const before = upstream.aborted;
    const response = await send(ask("endless", { n: 3, stream: true }));
    const reader = response.body!.getReader();
    for (let chunk = 0; chunk < 12; chunk++) await reader.read();
    await reader.cancel();
    await expect.poll(() => upstream.aborted, { timeout: 1000 }).toBe(before + 3);
  });

  test("bill the prompt once", async () => {
    const limits = { tokensPerMinute: 1000 };
    const record = { name: "t", sha256: "", createdUnix: 0, limits };
    const keys: KeyRing = { find: () => record, limitsOf: () => limits };
    const counted = createApp({ upstream, keys, prices, log: silentLog });
    const headers = { authorization: "Bearer sk-x" };
    await counted.request(chat, post(ask("a", { n: 4 }), headers));
    const { data } = await (await counted.request("/v1/key", { headers })).json();
    expect(data.usage).toMatchObject({ requests: 4, prompt_tokens: 14, completion_tokens: 12 });
  });
});

describe("metadata of an answer", () => {
  test("its cost, if tokens have prices", async () => {
    const response = await send(ask("One two"));
    const { usage } = await response.json();
    expect(usage).toMatchObject({ cost: 0.0000046, is_byok: false });
    expect(usage.cost_details).toMatchObject({ input: 0.0000028, output: 0.0000018, media: 0 });
    expect(response.headers.get("x-cost-usd")).toBe("0.0000046");
    expect(response.headers.get("x-cache")).toBe("miss");
    expect(response.headers.get("x-provider")).toBe("local");
    expect(response.headers.get("server-timing")).toMatch(/^queue;dur=0\.0, media;.*decode;/);
    const free = createApp({ upstream, log: silentLog });
    const unpriced = await free.request(chat, post(ask("One two")));
    expect((await unpriced.json()).usage).not.toHaveProperty("cost");
    expect(unpriced.headers.get("x-cost-usd")).toBeNull();
  });

  test("its token counts so far, in each chunk", async () => {
    const stream_options = { include_usage: true, continuous_usage_stats: true };
    const response = await send(ask("One two three", { stream: true, stream_options }));
    const chunks = await chunksOf(response);
    const counts = chunks.map(({ usage }) => usage?.completion_tokens);
    expect(counts).toEqual([0, 1, 2, 3, 3, 3]);
    expect(chunks.every(({ usage }) => usage?.prompt_tokens === 14)).toBe(true);
    expect(JSON.stringify(chunks)).not.toContain("logprobs");
  });

  test("an estimate has prices", async () => {
    const body = await (await app.request("/v1/estimate", post(ask("Hi")))).json();
    expect(body.pricing).toEqual({ prompt: "0.0000002", completion: "0.0000006" });
    expect(body.cost).toEqual({ prompt: "0.0000028" });
  });
});

describe("a repeated request with an idempotency key", () => {
  const headers = { "idempotency-key": "key-1" };

  test("gets the stored answer", async () => {
    const first = await send(ask("Once"), headers);
    const asked = upstream.requests.length;
    const again = await send(ask("Once"), headers);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(await again.text()).toBe(await first.text());
    expect(again.headers.get("x-generation-id")).toBe(first.headers.get("x-generation-id"));
    expect(upstream.requests.length).toBe(asked);
  });

  test("must have the same body", async () => {
    const other = await send(ask("Twice"), headers);
    expect(other.status).toBe(409);
    expect(other.headers.get("x-should-retry")).toBe("false");
    expect((await other.json()).error.code).toBe("idempotency_conflict");
  });

  test("is refused while the first runs; a stream's key is free afterwards", async () => {
    const key = { "idempotency-key": "key-2" };
    const first = await send(ask("endless", { stream: true }), key);
    const second = await send(ask("endless", { stream: true }), key);
    expect(second.status).toBe(409);
    expect(second.headers.get("retry-after")).toBe("1");
    expect(second.headers.get("x-should-retry")).toBeNull();
    expect((await second.json()).error.code).toBe("idempotency_in_progress");
    await first.body?.cancel();
    const third = await send(ask("endless", { stream: true }), key);
    expect(third.status).toBe(200);
    await third.body?.cancel();
  });

  test("runs again after an error", async () => {
    const key = { "idempotency-key": "key-3" };
    for (let attempt = 0; attempt < 2; attempt++) {
      expect((await send(ask("full"), key)).status).toBe(429);
    }
    expect((await send(ask("x"), { "idempotency-key": "k".repeat(256) })).status).toBe(400);
  });
});

describe("compressed bodies", () => {
  const text = Buffer.from(JSON.stringify(ask("packed")));
  test.each([
    ["gzip", gzipSync(text)],
    ["deflate", deflateSync(text)],
    ["br", brotliCompressSync(text)],
  ])("%s", async (encoding, bytes) => {
    const response = await send(bytes, { "content-encoding": encoding });
    expect((await response.json()).choices[0].message.content).toBe("packed");
  });

  test.each([
    ["a bomb", gzipSync(Buffer.alloc(LIMITS.request.bodyBytes + 1, 32)), 413],
    ["cut off", gzipSync(text).subarray(0, 30), 400],
    ["empty", new Uint8Array(0), 400],
  ])("%s", async (_, bytes, status) => {
    const response = await send(bytes, { "content-encoding": "gzip" });
    expect(response.status).toBe(status);
  });
});

describe("images by URL", () => {
  let files: Server;
  let origin: string;
  const asked: string[] = [];
  const media = new MediaFetcher("any");
  const fetchingApp = createApp({ upstream, media, log: silentLog });
  const image = (url: string) => ask([{ type: "image_url", image_url: { url } }]);

  beforeAll(async () => {
    files = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.statusCode = request.url === "/missing" ? 404 : 200;
      response.end("12345");
    });
    await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
    const address = files.address();
    origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  });
  afterAll(async () => {
    await media.close();
    files.close();
  });

  test("are fetched once", async () => {
    const body = { ...image(`${origin}/a.png`), n: 2 };
    const response = await fetchingApp.request(chat, post(body));
    expect((await response.json()).choices[1].message.content).toBe("[5]");
    expect(asked).toEqual(["/a.png"]);
  });

  test("errors name the field", async () => {
    const missing = await fetchingApp.request(chat, post(image(`${origin}/missing`)));
    expect(missing.status).toBe(424);
    const { error } = await missing.json();
    expect(error).toMatchObject({ param: "messages[0].content[0].image_url.url" });
    const closed = await send(image(`${origin}/a.png`));
    expect(closed.status).toBe(400);
    expect((await closed.json()).error).toMatchObject({
      code: "media_fetch_blocked",
      param: "messages[0].content[0].image_url.url",
    });
  });

  test("are not fetched for an invalid request", async () => {
    const before = asked.length;
    const refused = { ...image(`${origin}/b.png`), model: "other" };
    expect((await fetchingApp.request(chat, post(refused))).status).toBe(404);
    expect(asked.length).toBe(before);
  });
});
