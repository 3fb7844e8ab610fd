// `vireo serve` that is killed while files come in.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveProcess } from "./serve-process.ts";

/** How long a busy machine may take. */
const SOON = { timeout: 20_000 };

const ROOT = new URL("../..", import.meta.url).pathname;
let folder: string;
let server: ChildProcess | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vireo-files-kill-"));
});
afterAll(() => {
  server?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function start(): Promise<string> {
  const model = join(ROOT, "models/tiny");
  const { child, url } = serveProcess(model, "--no-cache", "--files", folder);
  server = child;
  return url;
}

/** Sends the beginning of a file and keeps the connection open. */
function sendHalf(url: string) {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {});
  const head = [
    "POST /v1/files HTTP/1.1",
    "Host: localhost",
    "Content-Type: multipart/form-data; boundary=x",
    "Content-Length: 10000000",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  socket.write('--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n');
  socket.write(Buffer.alloc(1_000_000, 1));
}

test("kill -9 during uploads leaves a clean store with the complete files", async () => {
  const url = await start();
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
  const bytes = Buffer.alloc(300_000, 7);
  const kept = await client.files.create({ file: await toFile(bytes, "k"), purpose: "vision" });
  const upload = await client.uploads.create({
    bytes: 6,
    filename: "u.txt",
    mime_type: "text/plain",
    purpose: "user_data",
  });
  const add = async (to: OpenAI, text: string) =>
    (await to.uploads.parts.create(upload.id, { data: await toFile(Buffer.from(text)) })).id;
  const first = await add(client, "abc");
  for (let count = 0; count < 3; count++) sendHalf(url);
  await expect.poll(() => readdirSync(join(folder, "drafts")).length, SOON).toBe(3);
  server?.kill("SIGKILL");
  await once(server!, "exit");
  expect(readdirSync(join(folder, "drafts"))).toHaveLength(3);

  const again = new OpenAI({ baseURL: `${await start()}/v1`, apiKey: "none", maxRetries: 0 });
  expect(readdirSync(join(folder, "drafts"))).toEqual([]);
  expect(readdirSync(join(folder, "blobs"))).toHaveLength(1);
  expect((await again.files.list()).data.map(({ id }) => id)).toEqual([kept.id]);
  const content = await (await again.files.content(kept.id)).arrayBuffer();
  expect(bytes.equals(Buffer.from(content))).toBe(true);
  const part_ids = [first, await add(again, "def")];
  expect((await again.uploads.complete(upload.id, { part_ids })).status).toBe("completed");

  const other = serveProcess("tiny", "--files", folder);
  const refused = expect(other.url).rejects.toThrow(/used by another server/);
  expect(await once(other.child, "exit")).toEqual([1, null]);
  await refused;
}, 60_000);
