import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { VireoError } from "../../src/core/errors.ts";
import { createLog, silentLog } from "../../src/core/log.ts";
import { createApp } from "../../src/server/app.ts";
import { listen } from "../../src/server/listen.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

const upstream = createFakeUpstream();
const open = createApp({ upstream, log: silentLog });
const locked = createApp({ upstream, log: silentLog, apiKey: "sk-right" });
const chat = "/v1/chat/completions";
const body = { model: MODEL, messages: [{ role: "user", content: "Hi" }] };

function post(content: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof content === "string" ? content : JSON.stringify(content),
  };
}

async function codeOf(response: Response): Promise<string> {
  expect(response.headers.get("content-type")).toContain("application/json");
  expect(response.headers.get("x-request-id")).toBeTruthy();
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  expect(error.message).not.toBe("");
  return error.code;
}

describe("routes", () => {
  test.each([
    ["GET", "/v1/nothing", 404, "unknown_url"],
    ["GET", "/../etc/passwd", 404, "unknown_url"],
    ["GET", chat, 405, "method_not_allowed"],
    ["DELETE", "/v1/models", 405, "method_not_allowed"],
    ["PUT", "/health", 405, "method_not_allowed"],
  ])("%s %s is %i", async (method, path, status, code) => {
    const response = await open.request(path, { method });
    expect(response.status).toBe(status);
    if (status === 405) expect(response.headers.get("allow")).toMatch(/GET|POST/);
    expect(await codeOf(response)).toBe(code);
  });

  test("health", async () => {
    for (const path of ["/health/live", "/v1/health/live", "/health", "/v1/health/ready"]) {
      expect((await locked.request(path)).status).toBe(200);
    }
    const ready = await (await open.request("/v1/health/ready")).json();
    expect(ready).toEqual({ object: "health.response", message: "Service is ready." });
    const loading = createApp({ upstream: { ...upstream, ready: false }, log: silentLog });
    expect((await loading.request("/v1/health/ready")).status).toBe(503);
    expect((await loading.request("/v1/health/live")).status).toBe(200);
  });

  test("models with slashes", async () => {
    for (const id of [MODEL, encodeURIComponent(MODEL), "nano"]) {
      const response = await open.request(`/v1/models/${id}`);
      expect(await response.json()).toMatchObject({ id: MODEL, object: "model" });
    }
    expect(await codeOf(await open.request("/v1/models/a/b/c"))).toBe("model_not_found");
  });

  test("ignored fields are reported, and request ids are preserved", async () => {
    const headers = { "x-request-id": "abc-1" };
    const response = await open.request(chat, post({ ...body, store: true, foo: 1 }, headers));
    expect(response.headers.get("x-ignored-params")).toBe("store,foo");
    expect(response.headers.get("x-request-id")).toBe("abc-1");
    const odd = await open.request(chat, post(body, { "x-request-id": "a b" }));
    expect(odd.headers.get("x-request-id")).toMatch(/^req_[0-9a-f]{32}$/);
  });
});

describe("requests that are refused before they are read", () => {
  test.each([
    [{ host: "attacker.example" }, 403],
    [{ host: "localhost:8000", origin: "http://attacker.example" }, 403],
    [{ host: "127.0.0.1.attacker.example" }, 403],
    [{ host: "localhost@attacker.example" }, 403],
    [{ host: "localhost", origin: "null" }, 403],
    [{ host: "localhost:8000", origin: "http://localhost:3000" }, 200],
    [{ host: "127.0.0.1:8000" }, 200],
    [{ host: "[::1]:8000" }, 200],
  ])("%j without a key: %i", async (headers, status) => {
    const response = await open.request("/v1/models", { headers });
    expect(response.status).toBe(status);
    if (status === 403) expect(await codeOf(response)).toBe("host_not_allowed");
  });

  test("with a key any name will do", async () => {
    const headers = { host: "api.example.com", "x-api-key": "sk-right" };
    expect((await locked.request("/v1/models", { headers })).status).toBe(200);
    const named = createApp({ upstream, log: silentLog, hosts: ["vireo.lan"] });
    expect((await named.request("/v1/models", { headers: { host: "vireo.lan:80" } })).status).toBe(
      200,
    );
  });

  test.each([
    [{}, "missing_api_key"],
    [{ authorization: "" }, "missing_api_key"],
    [{ authorization: "Bearer" }, "missing_api_key"],
    [{ authorization: "Basic c2stcmlnaHQ=" }, "missing_api_key"],
    [{ authorization: "Bearer sk-wrong" }, "invalid_api_key"],
    [{ authorization: "Bearer sk-right2" }, "invalid_api_key"],
    [{ authorization: "Bearer ' OR 1=1 --" }, "missing_api_key"],
    [{ authorization: `Bearer ${"a".repeat(60_000)}` }, "invalid_api_key"],
    [{ "api-key": "sk-wrong" }, "invalid_api_key"],
  ])("key %#: %s", async (headers, code) => {
    for (const path of [chat, "/v1/models", "/v1/models/x", "/anything"]) {
      const response = await locked.request(path, { headers });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
      expect(await codeOf(response)).toBe(code);
    }
  });

  test.each([
    [{ "content-type": "text/plain" }, 415],
    [{ "content-type": "application/x-www-form-urlencoded" }, 415],
    [{ "content-encoding": "gzip" }, 400],
    [{ "content-encoding": "compress" }, 415],
    [{ "content-encoding": "gzip, gzip" }, 415],
    [{ "content-length": "99999999999" }, 413],
  ])("%j: %i", async (headers, status) => {
    const response = await open.request(chat, post(body, headers));
    expect(response.status).toBe(status);
  });

  test("a body with a wrong length", async () => {
    const chunk = new Uint8Array(2 ** 20).fill(32);
    let sent = 0;
    const stream = new ReadableStream({
      pull(controller) {
        if (sent++ < 200) controller.enqueue(chunk);
        else controller.close();
      },
    });
    const init = { ...post(""), body: stream, duplex: "half" } as RequestInit;
    const response = await open.request(chat, init);
    expect(response.status).toBe(413);
    expect(sent).toBeLessThan(70);
  });

  test.each([
    "",
    "{",
    "[]",
    "null",
    "\ufeff{}",
    `${"[".repeat(100_000)}`,
    `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    '{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}',
    '{"__proto__":{"model":"m","messages":[]}}',
  ])("JSON %#", async (text) => {
    const response = await open.request(chat, post(text));
    expect(response.status).toBe(400);
    expect(response.headers.get("x-should-retry")).toBe("false");
    expect((await open.request(chat, post(body))).status).toBe(200);
  });
});

test("nothing of a request is logged but its outline", async () => {
  const lines: string[] = [];
  const app = createApp({
    upstream,
    apiKey: "sk-right",
    log: createLog((line) => lines.push(line)),
  });
  const headers = { authorization: "Bearer sk-right" };
  await app.request(`${chat}?key=sk-right`, post({ ...body, user: "secret-user" }, headers));
  await app.request(chat, post("secret-body", { authorization: "Bearer sk-wrong" }));
  expect(lines).toHaveLength(2);
  expect(lines.join("")).not.toMatch(/sk-|secret|Bearer|Hi/);
});

describe("the socket", () => {
  test("is not opened to others without a key", async () => {
    for (const host of ["0.0.0.0", "::", "192.168.0.1", "example.com"]) {
      const opening = listen({ upstream, log: silentLog, host, port: 0 });
      await expect(opening).rejects.toThrow(VireoError);
      await expect(opening).rejects.toThrow("VIREO_API_KEY");
    }
    const empty = listen({ upstream, log: silentLog, host: "127.0.0.1", port: 0, apiKey: " " });
    await expect(empty).rejects.toThrow("empty");
    const weak = listen({ upstream, log: silentLog, host: "0.0.0.0", port: 0, apiKey: "secret" });
    await expect(weak).rejects.toThrow("vireo keys generate");
  });

  test("the error for a used port names it", async () => {
    const first = await listen({ upstream, log: silentLog, host: "127.0.0.1", port: 0 });
    const second = listen({ upstream, log: silentLog, host: "127.0.0.1", port: first.port });
    await expect(second).rejects.toThrow("the port is taken");
    await first.close(100);
  });

  test.each([
    ["bare rubbish", "hello\r\n\r\n", /^HTTP\/1\.1 400/],
    [
      "length and chunks at once",
      [
        "POST / HTTP/1.1\r\nHost: localhost",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      ].join("\r\n"),
      /^HTTP\/1\.1 400/,
    ],
    [
      "a megabyte of header",
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"a".repeat(2 ** 20)}\r\n\r\n`,
      /^HTTP\/1\.1 431/,
    ],
    ["no host", "GET /v1/models HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400/],
    ["an old client", "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n", /^HTTP\/1\.1 200/],
    ["a strange host", "GET /health HTTP/1.1\r\nHost: a b/@:x\r\n\r\n", /^HTTP\/1\.1 4\d\d/],
  ])("%s", async (_, request, status) => {
    const server = await listen({ upstream, log: silentLog, host: "127.0.0.1", port: 0 });
    const answer = await new Promise<string>((resolve) => {
      let text = "";
      const socket = connect(server.port, "127.0.0.1", () => socket.write(request));
      socket.on("data", (data) => {
        text += data.toString("latin1");
        socket.end();
      });
      socket.on("error", () => resolve(text));
      socket.on("close", () => resolve(text));
    });
    expect(answer).toMatch(status);
    const healthy = await fetch(`${server.url}${chat}`, post(body));
    expect(healthy.status).toBe(200);
    await server.close(100);
  });
});

test("malformed HTTP gets the usual error format", async () => {
  const listening = await listen({
    upstream: createFakeUpstream(),
    log: silentLog,
    host: "127.0.0.1",
    port: 0,
  });
  const socket = connect(listening.port, "127.0.0.1");
  socket.write("this is no HTTP\r\n\r\n");
  let said = "";
  for await (const chunk of socket) said += chunk;
  expect(said).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  const body = JSON.parse(said.slice(said.indexOf("\r\n\r\n")));
  expect(body.error).toMatchObject({ type: "invalid_request_error", code: "malformed_http" });
  await listening.close(100);
});
