import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { listen } from "../../src/server/listen.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const messages = [{ role: "user", content: "endless" }];
const prompt = [{ role: "user", content: [{ type: "text", text: "endless" }] }];
const chatBody = { model: MODEL, messages, stream: true };

/** Each protocol's streaming route, its body and its last events. */
const STREAMS: readonly (readonly [string, object, Record<string, string>, RegExp])[] = [
  ["/v1/chat/completions", chatBody, {}, /"finish_reason":"error".*"code":"engine_closed"/],
  [
    "/v1/completions",
    { model: MODEL, prompt: "endless", stream: true },
    {},
    /"code":"engine_closed"/,
  ],
  [
    "/v1/responses",
    { model: MODEL, input: "endless", stream: true },
    {},
    /event: response\.failed[\s\S]*event: error\ndata: .*"code":"engine_closed"/,
  ],
  [
    "/v1/messages",
    { model: MODEL, messages, max_tokens: 9, stream: true },
    {},
    /event: error\ndata: .*"type":"overloaded_error"/,
  ],
  [
    "/v3/ai/language-model",
    { prompt },
    { "ai-language-model-id": MODEL, "ai-language-model-streaming": "true" },
    /"type":"error".*shutting down/,
  ],
];

async function open() {
  const upstream = createFakeUpstream();
  const server = await listen({ upstream, log: silentLog, host: "127.0.0.1", port: 0 });
  const agent = new Agent({ keepAliveTimeout: 60_000 });
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    request(`${server.url}${path}`, {
      method: "POST",
      dispatcher: agent,
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  return { upstream, server, agent, post };
}

describe("a server that ends", () => {
  test.each(STREAMS)("ends a stream of %s with the reason", async (path, body, headers, last) => {
    const { server, upstream, agent, post } = await open();
    const { body: stream } = await post(path, body, headers);
    const closed = server.close(400);
    const text = await stream.text();
    expect(text).toContain("again");
    expect(text).toMatch(last);
    expect(text).toContain("the server is shutting down");
    expect(text).not.toContain("[DONE]");
    await closed;
    expect(upstream.aborted).toBe(1);
    await agent.close();
  });

  test("answers a request that waits with 503 and the reason", async () => {
    const { server, agent, post } = await open();
    const waiting = post("/v1/chat/completions", { ...chatBody, stream: false });
    await sleep(50);
    const closed = server.close(300);
    const { statusCode, body } = await waiting;
    expect(statusCode).toBe(503);
    expect(await body.json()).toMatchObject({ error: { code: "engine_closed" } });
    await closed;
    await agent.close();
  });

  test("refuses new requests while it lets a running answer end", async () => {
    const { server, agent, post } = await open();
    const said = [{ role: "user", content: "slow" }];
    const slow = post("/v1/chat/completions", { model: MODEL, messages: said });
    await sleep(50);
    const closed = server.close(20_000);
    const { statusCode, headers, body } = await post("/v1/chat/completions", chatBody);
    expect(statusCode).toBe(503);
    expect(headers.connection).toBe("close");
    expect(headers["retry-after"]).toBe("5");
    expect(await body.text()).toContain("shutting down");
    const alive = await request(`${server.url}/health/live`, { dispatcher: agent });
    expect(alive.statusCode).toBe(200);
    await alive.body.dump();
    const answer = await slow;
    expect(answer.statusCode).toBe(200);
    await answer.body.dump();
    await closed;
    await agent.close();
  });

  test.each([
    ["an answer", { stream: false }],
    ["a stream", { stream: true }],
  ])("ends with %s to a client that keeps connections", async (_, how) => {
    const { server, agent, post } = await open();
    const said = [{ role: "user", content: "slow" }];
    const idle = await request(`${server.url}/health/live`, { dispatcher: agent });
    await idle.body.dump();
    const slow = post("/v1/chat/completions", { model: MODEL, messages: said, ...how });
    await sleep(50);
    const closed = server.close(10 * 60_000); // longer than this test may last
    const ready = await request(`${server.url}/health/ready`);
    expect([ready.statusCode, ready.headers.connection]).toEqual([503, "close"]);
    await ready.body.dump();
    const answer = await slow;
    if (!how.stream) expect(answer.headers.connection).toBe("close");
    expect(await answer.body.text()).toContain("slow");
    await closed;
    await expect(request(`${server.url}/health/live`)).rejects.toThrow(/ECONNREFUSED/);
    await agent.close();
  });

  test("does not wait for connections without a request", async () => {
    const { server, agent } = await open();
    const { port } = server;
    const silent = connect(port, "127.0.0.1");
    const halfway = connect(port, "127.0.0.1");
    for (const socket of [silent, halfway]) socket.on("error", () => {});
    halfway.write("POST /v1/chat/completions HTTP/1.1\r\nhost: loc");
    await sleep(100);
    await server.close(10 * 60_000);
    await agent.close();
  });
});
