// kill -9 of a provider under 50 streams: no client takes a cut answer for a whole one, and new
// requests go on at once.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type LiveConfiguration,
  openConfiguration,
} from "../../src/configuration/live-configuration.ts";
import { silentLog } from "../../src/core/log.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { type ChaosServer, startChaos } from "../../src/upstreams/chaos/chaos-server.ts";
import { type ProviderProcess, startProviderProcess } from "./provider-process.ts";

const STREAMS = 50;
let folder: string;
let dying: ProviderProcess;
let good: ChaosServer;
let live: LiveConfiguration;
let server: Listening;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vireo-kill-"));
  dying = await startProviderProcess();
  good = await startChaos();
  const path = join(folder, "vireo.yaml");
  writeFileSync(
    path,
    `providers:
  dying: { kind: openai-compatible, url: "${dying.url}" }
  good: { kind: openai-compatible, url: "${good.url}" }
models: { m: { providers: [dying, good] } }
`,
  );
  const openLocal = () => Promise.reject(new Error("there is no engine"));
  const openTokenizer = () => Promise.reject(new Error("there is no tokenizer"));
  const options = { environment: {}, openLocal, openTokenizer, log: silentLog };
  live = await openConfiguration(path, options);
  const upstream = live.router;
  server = await listen({ upstream, log: silentLog, host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  dying?.child.kill("SIGKILL");
  await server?.close(100);
  await live?.close();
  await good?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(index: number, stream: boolean): Promise<Response> {
  return await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "m", stream, messages: [{ role: "user", content: `${index}` }] }),
  });
}

test("50 streams end with an error each, and the next requests are answered", {
  timeout: 60_000,
}, async () => {
  const responses = await Promise.all(Array.from({ length: STREAMS }, (_, at) => ask(at, true)));
  expect(responses.map(({ status }) => status)).toEqual(Array(STREAMS).fill(200));
  const texts = responses.map((response) => response.text());
  dying.child.kill("SIGKILL");
  for (const text of await Promise.all(texts)) {
    expect(text).toContain("tick");
    expect(text).toContain('"finish_reason":"error"');
    expect(text).not.toContain("[DONE]");
  }
  const next = await Promise.all(Array.from({ length: STREAMS }, (_, at) => ask(at + 100, false)));
  for (const response of next) {
    expect([response.status, response.headers.get("x-provider")]).toEqual([200, "good"]);
    await response.text();
  }
  const [dead, alive] = live.router.capabilities.endpoints?.() ?? [];
  expect([dead?.health.running, alive?.health.running]).toEqual([0, 0]);
  expect(dead?.health.state).toBe("open");
  await expect.poll(() => good.openRequests).toBe(0);
});
