// A server whose disk is full or that may open no more files: it says so, keeps nothing half
// written, and works again when there is room.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, FormData, request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ServeProcess, serveProcess } from "../cli/serve-process.ts";
import { mp4 } from "../fixtures/video-files.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const NO_LIMIT = "unlimited";
/** Every file that is open stays open; no other can be opened. */
const NO_FILES = "3";

let folder: string;
let server: ServeProcess;
let url: string;
/** One connection, because a server without file numbers accepts no other. */
const agent = new Agent({ connections: 1, keepAliveTimeout: 60_000 });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vireo-scarce-"));
  server = serveProcess(
    join(ROOT, "models/tiny"),
    "--no-cache",
    "--files",
    folder,
    "--model-id",
    "tiny",
  );
  url = await server.url;
});
afterAll(async () => {
  server.child.kill("SIGKILL");
  await agent.close();
  rmSync(folder, { recursive: true });
});

/** Sets a limit of the running server; what it has already stays. */
function limit(name: "fsize" | "nofile", value: string): void {
  const hard = name === "nofile" && value === NO_LIMIT ? "1024" : value;
  execFileSync("prlimit", ["--pid", String(server.child.pid), `--${name}=${hard}:`]);
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function answerOf(sending: ReturnType<typeof request>): Promise<Answer> {
  const { statusCode, body } = await sending;
  return { status: statusCode, body: await body.text() };
}

function upload(bytes: Uint8Array): Promise<Answer> {
  const form = new FormData();
  form.set("purpose", "user_data");
  form.set("file", new File([Buffer.from(bytes)], "a.bin"));
  return answerOf(request(`${url}/v1/files`, { method: "POST", body: form, dispatcher: agent }));
}

function chat(part: object): Promise<Answer> {
  const messages = [{ role: "user", content: [part] }];
  const body = JSON.stringify({ model: "tiny", messages, max_tokens: 1 });
  const headers = { "content-type": "application/json" };
  const options = { method: "POST", headers, body, dispatcher: agent } as const;
  return answerOf(request(`${url}/v1/chat/completions`, options));
}

const dataUrl = (type: string, bytes: Uint8Array): string =>
  `data:${type};base64,${Buffer.from(bytes).toString("base64")}`;
/** seconds: different videos, because an encoded one is cached. */
const video = (seconds: number) => ({
  type: "video_url",
  video_url: { url: dataUrl("video/mp4", mp4("320x240", 10, seconds)) },
});
const document = () => ({
  type: "file",
  file: {
    filename: "a.pdf",
    file_data: dataUrl(
      "application/pdf",
      readFileSync(join(ROOT, "examples/documents/invoice-01.pdf")),
    ),
  },
});

function expectSentence({ body }: Answer, code: string): void {
  expect(JSON.parse(body)).toMatchObject({ error: { code } });
  expect(body).not.toMatch(/\/tmp|EFBIG|EMFILE| at /);
}

describe("a disk that takes no more", () => {
  test("an upload is a 507 and leaves nothing, and smaller ones are stored", async () => {
    limit("fsize", "100000");
    const large = await upload(new Uint8Array(300_000));
    expect(large.status).toBe(507);
    expectSentence(large, "storage_unavailable");
    expect(readdirSync(join(folder, "drafts"))).toEqual([]);
    expect(readdirSync(join(folder, "blobs"))).toEqual([]);
    expect((await upload(new Uint8Array(3000))).status).toBe(200);
    limit("fsize", NO_LIMIT);
    expect((await upload(new Uint8Array(300_000))).status).toBe(200);
  });

  test("a video, which needs a temporary file, is a 507", async () => {
    const part = video(3);
    limit("fsize", "1000");
    const refused = await chat(part);
    limit("fsize", NO_LIMIT);
    expect(refused.status).toBe(507);
    expectSentence(refused, "storage_unavailable");
    expect((await chat(part)).status).toBe(200);
  });
});

describe("no more open files", () => {
  test.each([
    ["an upload", () => upload(new Uint8Array(10))],
    ["a video", () => chat(video(2))],
    ["a document", () => chat(document())],
  ])("%s is a 503, and works again later", async (_, send) => {
    limit("nofile", NO_FILES);
    const refused = await send();
    limit("nofile", NO_LIMIT);
    expect(refused.status).toBe(503);
    expectSentence(refused, "server_busy");
    expect((await send()).status).toBe(200);
  });
});
