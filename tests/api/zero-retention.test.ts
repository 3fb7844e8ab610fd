// Zero data retention: asked for by the server, a key or a request, and what it forbids.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { FileStore } from "../../src/files/store.ts";
import { addKey, openKeyFile } from "../../src/limits/keys.ts";
import { Router } from "../../src/routing/router.ts";
import { createApp } from "../../src/server/app.ts";
import type { AppOptions } from "../../src/server/context.ts";
import { endpoint, route, scripted } from "../routing/scripted-provider.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vireo-zdr-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const messages = [{ role: "user", content: "Hi" }];
const zdr = { provider: { zdr: true } };
const ROUTES = [
  ["/v1/chat/completions", { messages }],
  ["/v1/completions", { prompt: "Hi" }],
  ["/v1/responses", { input: "Hi" }],
  ["/v1/messages", { messages, max_tokens: 9 }],
] as const;

function appOf(options: Partial<AppOptions> = {}) {
  const upstream = createFakeUpstream();
  const app = createApp({ upstream, log: silentLog, ...options });
  const post = (path: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
    app.request(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ model: MODEL, ...body }),
    });
  return { upstream, app, post };
}

async function errorOf(response: Response) {
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return [response.status, error.code];
}

describe.each(ROUTES)("%s", (path, body) => {
  test.each([
    zdr,
    { providerOptions: { gateway: { zeroDataRetention: true } } },
    { ...zdr, stream: true },
  ])("a request asks for it: %j", async (wish) => {
    const { post, upstream } = appOf();
    const response = await post(path, { ...body, ...wish });
    expect([response.status, response.headers.get("x-zdr")]).toEqual([200, "enforced"]);
    await response.text();
    expect(upstream.requests[0]?.zeroDataRetention).toBe(true);
    expect((await post(path, body)).headers.get("x-zdr")).toBeNull();
    expect(upstream.requests[1]?.zeroDataRetention).toBeUndefined();
  });

  test("a server demands it, whatever the request says", async () => {
    const { post, upstream } = appOf({ zeroDataRetention: true });
    const response = await post(path, { ...body, provider: { zdr: false } });
    expect(response.headers.get("x-zdr")).toBe("enforced");
    expect(upstream.requests[0]?.zeroDataRetention).toBe(true);
  });
});

test("a key demands it", async () => {
  const path = join(folder, "keys.json");
  const strict = addKey(path, { name: "strict", limits: {}, zeroDataRetention: true });
  const other = addKey(path, { name: "other", limits: {} });
  const { post } = appOf({ keys: openKeyFile(path) });
  const headerFor = async (key: string) => {
    const response = await post(ROUTES[0][0], { messages }, { authorization: `Bearer ${key}` });
    return response.headers.get("x-zdr");
  };
  expect([await headerFor(strict), await headerFor(other)]).toEqual(["enforced", null]);
});

test("only providers that keep nothing answer", async () => {
  const keeping = scripted("keeping", [["no"]]);
  const vouched = { ...scripted("vouched", [["yes"]]), zeroDataRetention: true };
  const routes = [route([endpoint(keeping), endpoint(vouched)])];
  const { post } = appOf({ upstream: new Router({ routes: () => routes }) });
  const response = await post("/v1/chat/completions", { model: "m", messages, ...zdr });
  expect(response.headers.get("x-provider")).toBe("vouched");
  const none = appOf({
    upstream: new Router({ routes: () => [route([endpoint(keeping)])] }),
    zeroDataRetention: true,
  });
  const refused = await none.post("/v1/chat/completions", { model: "m", messages });
  expect(await errorOf(refused)).toEqual([400, "zdr_unavailable"]);
});

describe("nothing is stored", () => {
  test("no response, and a wish to store is refused", async () => {
    const { post, app } = appOf();
    const response = await post("/v1/responses", { input: "Hi", ...zdr });
    const { id, store } = (await response.json()) as { id: string; store: boolean };
    expect(store).toBe(false);
    expect((await app.request(`/v1/responses/${id}`)).status).toBe(404);
    const { post: strict } = appOf({ zeroDataRetention: true });
    const refused = await strict("/v1/responses", { input: "Hi", store: true });
    expect(await errorOf(refused)).toEqual([400, "zdr_unavailable"]);
  });

  test("no file is taken or read", async () => {
    const files = await FileStore.open({
      folder: join(folder, "files"),
      quotaBytes: 1e6,
      tenantQuotaBytes: 1e6,
      ttlSeconds: 60,
    });
    try {
      const { app, post } = appOf({ files, zeroDataRetention: true });
      const form = new FormData();
      form.set("purpose", "vision");
      form.set("file", new File(["x"], "x.png"));
      const refused = await app.request("/v1/files", { method: "POST", body: form });
      expect(await errorOf(refused)).toEqual([400, "zdr_unavailable"]);
      const part = { type: "file", file: { file_id: "file-abc" } };
      const named = await post("/v1/chat/completions", {
        messages: [{ role: "user", content: [part] }],
      });
      expect(await errorOf(named)).toEqual([400, "zdr_unavailable"]);
    } finally {
      await files.close();
    }
  });

  test("no answer for a repeated Idempotency-Key", async () => {
    const { post, upstream } = appOf();
    const once = { "idempotency-key": "k" };
    for (let i = 0; i < 2; i++) await post("/v1/chat/completions", { messages, ...zdr }, once);
    expect(upstream.requests).toHaveLength(2);
  });
});
