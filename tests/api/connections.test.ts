// Health checks of load balancers, and connections that nobody uses.

import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { createApp } from "../../src/server/app.ts";
import { boundConnections, maxConnections } from "../../src/server/connections.ts";
import { listen } from "../../src/server/listen.ts";
import { createFakeUpstream } from "./fake-upstream.ts";
import { sendRaw } from "./raw-http.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const clock = { ms: 0 };

async function openBounded(max: number, onRequest: (url: string) => Promise<void>) {
  const server: Server = createServer(async (request, response) => {
    await onRequest(request.url ?? "");
    response.end("ok");
  });
  const connections = boundConnections(server, max, () => clock.ms);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { connections, port: (server.address() as AddressInfo).port };
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  closing.push(() => socket.destroy());
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  return socket;
}

const health = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

test.each([
  ["at once: 16 more than the bound, so that late requests can come", 0, 24],
  ["one a second: the bound", 1000, 8],
])("idle connections that come %s", async (_, ms, kept) => {
  const { port } = await openBounded(8, async () => {});
  const closed: number[] = [];
  for (let at = 0; at < 40; at++) {
    clock.ms += ms;
    const socket = await openSocket(port);
    socket.once("close", () => closed.push(at));
  }
  expect((await sendRaw(port, health)).text).toMatch(/^HTTP\/1\.1 200 /);
  await expect.poll(() => closed.length).toBeGreaterThan(40 - kept);
  const longestIdle = [...closed].sort((a, b) => a - b);
  expect(longestIdle).toEqual(Array.from(longestIdle, (_, at) => at));
});

test("connections with a running request are kept, and the server knows that all are", async () => {
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { connections, port } = await openBounded(4, async (url) => {
    if (url === "/slow") await finished;
  });
  const slow = Array.from({ length: 5 }, () =>
    sendRaw(port, health.replace("/health/live", "/slow")),
  );
  await expect.poll(() => connections.areBusy).toBe(true);
  expect((await sendRaw(port, health)).text).toMatch(/^HTTP\/1\.1 200 /);
  finish();
  for (const { text } of await Promise.all(slow)) expect(text).toMatch(/^HTTP\/1\.1 200 /);
  await expect.poll(() => connections.areBusy).toBe(false);
});

test("a crowded server answers health checks only", async () => {
  const app = createApp({
    upstream: createFakeUpstream(),
    log: silentLog,
    isCrowded: () => true,
  });
  expect((await app.request("/health/live")).status).toBe(200);
  expect((await app.request("/readyz")).status).toBe(200);
  const refused = await app.request("/v1/models");
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("2");
  expect(refused.headers.get("connection")).toBe("close");
});

test("the bound follows from the descriptors that this process may open", () => {
  expect(maxConnections()).toBeGreaterThanOrEqual(16);
  expect(maxConnections()).toBeLessThanOrEqual(10_000);
});

test.each([
  ["HTTP/1.0 without Host", "GET /health/ready HTTP/1.0\r\n\r\n", 200],
  ["HTTP/1.0 with an address", "GET /health HTTP/1.0\r\nHost: 10.1.2.3:8000\r\n\r\n", 200],
  ["an empty Host", "GET /health HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", 200],
  ["a pod's address", "GET /livez HTTP/1.1\r\nHost: 10.1.2.3\r\nConnection: close\r\n\r\n", 200],
  ["HEAD", "HEAD /readyz HTTP/1.0\r\n\r\n", 200],
  ["other routes", "GET /v1/models HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n", 403],
])("health with %s", async (_, bytes, status) => {
  const server = await listen({
    upstream: createFakeUpstream(),
    log: silentLog,
    host: "127.0.0.1",
    port: 0,
  });
  closing.push(() => server.close(100));
  const { text } = await sendRaw(server.port, bytes);
  expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
});
