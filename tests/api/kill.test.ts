import type { ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveProcess } from "../cli/serve-process.ts";

const MODEL = "acme/tiny";
const ROOT = new URL("../..", import.meta.url).pathname;
let folder: string;
let server: ChildProcess | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vireo-kill-"));
  const model = join(ROOT, "models/tiny");
  cpSync(model, folder, { recursive: true, filter: (path) => !path.includes(".vireo") });
});

afterAll(() => {
  server?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function start(): Promise<string> {
  const { child, url } = serveProcess(folder, "--no-files", "--model-id", MODEL);
  server = child;
  return url;
}

async function kill(): Promise<void> {
  const gone = new Promise((resolve) => server?.once("exit", resolve));
  server?.kill("SIGKILL");
  await gone;
}

function ask(url: string, max_tokens: number): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: MODEL,
      messages: [{ role: "user", content: "Tell me of the river." }],
      max_tokens,
      ignore_eos: true,
    }),
  });
}

async function answer(url: string): Promise<string> {
  const body = (await (await ask(url, 20)).json()) as {
    choices: [{ message: { content: string } }];
  };
  return body.choices[0].message.content;
}

test("a server that is killed at any moment starts again and answers the same", async () => {
  const first = await answer(await start());
  await kill();
  for (const afterMs of [0, 40, 80, 120, 200]) {
    rmSync(join(folder, ".vireo"), { recursive: true, force: true });
    const starting = start();
    starting.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 300 + afterMs));
    await kill(); // while it packs, or a little later
  }
  const url = await start();
  const load = Array.from({ length: 40 }, () => ask(url, 3000).catch(() => {}));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await kill();
  await Promise.allSettled(load);
  expect(await answer(await start())).toBe(first);
  expect(readdirSync(join(folder, ".vireo")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  await kill();
}, 60_000);
