// Files that clients upload once and ask about many times: the official client, tenants, limits.

import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { NotFoundError, toFile } from "openai";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LIMITS } from "../../src/core/limits.ts";
import { silentLog } from "../../src/core/log.ts";
import { FileStore } from "../../src/files/store.ts";
import { hashKey, type KeyRing } from "../../src/limits/keys.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { openTiny } from "../engine/asking.ts";
import { HAS_FFMPEG } from "../fixtures/needs.ts";
import { pdf } from "../fixtures/pdf-files.ts";
import { mp4 } from "../fixtures/video-files.ts";
import { MODEL } from "./fake-upstream.ts";

/** How long a busy machine may take. */
const SOON = { timeout: 20_000 };

const HOUR = 3600;
const ring: KeyRing = {
  find: (key) => ({ name: key.slice(3), sha256: hashKey(key), createdUnix: 0, limits: {} }),
  limitsOf: () => ({}),
};

let engine: Engine;
let folder: string;
let store: FileStore;
let server: Listening;
let nowMs = Date.UTC(2026, 0, 1);
let clock: () => number = () => nowMs;

const sizes = { quotaBytes: 3_000_000, tenantQuotaBytes: 1_000_000, ttlSeconds: 24 * HOUR };

async function start(): Promise<void> {
  store = await FileStore.open({ ...sizes, folder, now: () => clock() });
  const address = { host: "127.0.0.1", port: 0 };
  server = await listen({ upstream: engine, files: store, keys: ring, log: silentLog, ...address });
}

async function stop(): Promise<void> {
  await server.close(100);
  await store.close();
}

beforeAll(async () => {
  engine = await openTiny({ maxSequences: 4 });
  folder = await mkdtemp(join(tmpdir(), "vireo-files-"));
  await start();
});
afterAll(async () => {
  await stop();
  await engine.close();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  clock = () => nowMs;
  for (const tenant of ["ann", "bob"]) {
    for (const { id } of store.list(tenant)) await store.remove(tenant, id);
  }
});

const client = (name: string) =>
  new OpenAI({ baseURL: `${server.url}/v1`, apiKey: `sk-${name}`, maxRetries: 0 });
const keep = (name: string, bytes: Uint8Array, filename = "a.bin") => {
  const file = toFile(bytes, filename);
  return file.then((sent) => client(name).files.create({ file: sent, purpose: "user_data" }));
};
const inFolder = async (name: string): Promise<string[]> => await readdir(join(folder, name));

describe("the official client", () => {
  test("creates, lists, reads and deletes", async () => {
    const ann = client("ann");
    const made = await ann.files.create({
      file: await toFile(Buffer.from("hello"), "../../etc/hällo.txt"),
      purpose: "user_data",
      expires_after: { anchor: "created_at", seconds: HOUR },
    });
    expect(made).toMatchObject({ object: "file", bytes: 5, filename: "hällo.txt" });
    expect(made).toMatchObject({ purpose: "user_data", status: "processed" });
    expect(made.expires_at! - made.created_at).toBe(HOUR);
    expect(await ann.files.retrieve(made.id)).toMatchObject({ ...made });
    const content = await ann.files.content(made.id);
    expect(await content.text()).toBe("hello");
    expect(content.headers.get("content-type")).toBe("application/octet-stream");
    expect(content.headers.get("content-disposition")).toContain("h%C3%A4llo.txt");
    const headers = { authorization: "Bearer sk-ann" };
    const path = `${server.url}/v1/files/${made.id}/content`;
    const head = await fetch(path, { method: "HEAD", headers });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([
      200,
      "5",
      "",
    ]);
    expect(await ann.files.delete(made.id)).toMatchObject({ id: made.id, deleted: true });
    await expect(ann.files.retrieve(made.id)).rejects.toBeInstanceOf(NotFoundError);
    expect(await inFolder("blobs")).toEqual([]);
  });

  test("lists in pages, newest first", async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) {
      nowMs += 1000;
      ids.push((await keep("ann", Buffer.from(`file ${index}`))).id);
    }
    const all: string[] = [];
    for await (const { id } of client("ann").files.list({ limit: 2 })) all.push(id);
    expect(all).toEqual(ids.toReversed());
    const oldest = await client("ann").files.list({ limit: 1, order: "asc" });
    expect(oldest.data.map(({ id }) => id)).toEqual(ids.slice(0, 1));
    const { data } = await client("ann").files.list({ purpose: "vision" });
    expect(data).toEqual([]);
    const after = client("ann").files.list({ after: "file-0" });
    await expect(after).rejects.toMatchObject({ status: 404, param: "after" });
    const limit = client("ann").files.list({ limit: 0 });
    await expect(limit).rejects.toMatchObject({ status: 400, param: "limit" });
  });

  test("the same bytes are stored once, and live as long as one of their files", async () => {
    const bytes = Buffer.alloc(100_000, 7);
    const [first, second] = [await keep("ann", bytes), await keep("bob", bytes)];
    expect(await inFolder("blobs")).toHaveLength(1);
    expect([store.bytes, store.bytesOf("ann"), store.bytesOf("bob")]).toEqual([1e5, 1e5, 1e5]);
    await client("ann").files.delete(first.id);
    const content = await client("bob").files.content(second.id);
    expect(Buffer.from(await content.arrayBuffer()).equals(bytes)).toBe(true);
    await client("bob").files.delete(second.id);
    expect([store.bytes, store.bytesOf("ann"), store.bytesOf("bob")]).toEqual([0, 0, 0]);
  });

  test("uploads in parts, in the order in which they are named", async () => {
    const ann = client("ann");
    const file = { bytes: 12, filename: "b.txt", mime_type: "text/plain", purpose: "user_data" };
    const upload = await ann.uploads.create({ ...file, purpose: "user_data" });
    expect(upload).toMatchObject({ object: "upload", status: "pending", bytes: 12, file: null });
    const add = async (text: string) => {
      const data = await toFile(Buffer.from(text));
      return (await ann.uploads.parts.create(upload.id, { data })).id;
    };
    const [world, hello, twice] = [await add("world\n"), await add("hello "), await add("hello ")];
    const other = client("bob").uploads.complete(upload.id, { part_ids: [hello, world] });
    await expect(other).rejects.toMatchObject({ status: 404 });
    for (const part_ids of [[hello], [hello, hello], [hello, world, twice], ["part-1"]]) {
      const wrong = ann.uploads.complete(upload.id, { part_ids });
      await expect(wrong).rejects.toMatchObject({ status: 400, param: "part_ids" });
    }
    const md5 = "0".repeat(32);
    const damaged = ann.uploads.complete(upload.id, { part_ids: [hello, world], md5 });
    await expect(damaged).rejects.toMatchObject({ status: 400, param: "md5" });
    const done = await ann.uploads.complete(upload.id, { part_ids: [hello, world] });
    expect(done).toMatchObject({ status: "completed", file: { bytes: 12, filename: "b.txt" } });
    expect(await (await ann.files.content(done.file!.id)).text()).toBe("hello world\n");
    // an answer that was lost on the way is given again
    const again = await ann.uploads.complete(upload.id, { part_ids: [hello, world] });
    expect(again.file?.id).toBe(done.file?.id);
    await expect(add("more")).rejects.toMatchObject({ status: 400, code: "upload_closed" });
    expect([store.bytes, store.bytesOf("ann")]).toEqual([12, 12]);
  });

  test("uploads that are closed make no room for others necessary", async () => {
    const { uploads } = store;
    const info = { filename: "a", purpose: "user_data", type: "" } as const;
    const ids: string[] = [];
    for (let count = 0; count < 2 * LIMITS.upload.uploadsPerTenant; count++) {
      const { id } = await uploads.create("ann", 10, info);
      ids.push(id);
      if (count % 2 === 0) await uploads.cancel("ann", id);
    }
    const more = uploads.create("ann", 10, info);
    await expect(more).rejects.toMatchObject({ code: "storage_full" });
    await uploads.cancel("ann", ids.at(-1)!);
    const { id } = await uploads.create("ann", 10, info);
    for (const each of [...ids.slice(1, -2).filter((_, at) => at % 2 === 0), id]) {
      await uploads.cancel("ann", each);
    }
  });

  test("an upload can be given up", async () => {
    const ann = client("ann");
    const { id } = await ann.uploads.create({
      bytes: 5,
      filename: "c",
      mime_type: "",
      purpose: "user_data",
    });
    await ann.uploads.parts.create(id, { data: await toFile(Buffer.from("hello")) });
    expect(store.bytesOf("ann")).toBe(5);
    expect((await ann.uploads.cancel(id)).status).toBe("cancelled");
    expect(store.bytesOf("ann")).toBe(0);
    const late = ann.uploads.complete(id, { part_ids: ["part-1"] });
    await expect(late).rejects.toMatchObject({ code: "upload_closed" });
  });
});

test("tenants see only their own", async () => {
  const { id } = await keep("ann", Buffer.from("secret"));
  const bob = client("bob");
  const asked = {
    model: MODEL,
    messages: [
      { role: "user" as const, content: [{ type: "file" as const, file: { file_id: id } }] },
    ],
  };
  for (const attempt of [
    bob.files.retrieve(id),
    bob.files.content(id),
    bob.files.delete(id),
    bob.chat.completions.create(asked),
    bob.post("/estimate", { body: asked }),
    bob.post("/chat/completions/input_tokens", { body: asked }),
  ]) {
    await expect(attempt).rejects.toMatchObject({ status: 404, code: "file_not_found" });
  }
  expect((await bob.files.list()).data).toEqual([]);
  expect((await client("ann").files.list()).data).toHaveLength(1);
});

describe("limits", () => {
  test("a tenant's quota, and that of all", async () => {
    await keep("ann", Buffer.alloc(900_000, 1));
    const more = keep("ann", Buffer.alloc(200_000, 2));
    await expect(more).rejects.toMatchObject({ status: 413, code: "storage_full" });
    await keep("bob", Buffer.alloc(1_000_000, 3));
    await keep("cid", Buffer.alloc(1_000_000, 4));
    await expect(keep("dan", Buffer.alloc(500_000, 5))).rejects.toMatchObject({ status: 413 });
    await keep("dan", Buffer.alloc(50_000, 5));
    for (const name of ["cid", "dan"]) {
      for (const { id } of store.list(name)) await store.remove(name, id);
    }
    expect(await inFolder("drafts")).toEqual([]);
    expect(store.bytesOf("ann")).toBe(900_000);
    const large = client("ann").uploads.create({
      bytes: 2 ** 40,
      filename: "d",
      mime_type: "",
      purpose: "user_data",
    });
    await expect(large).rejects.toMatchObject({ status: 413, code: "media_too_large" });
  });

  test("a body of unknown length is read no further than there is room", async () => {
    let sent = 0;
    const head = '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(sent === 0 ? Buffer.from(head) : Buffer.alloc(64 * 1024));
        sent += 64 * 1024;
        if (sent > 100_000_000) controller.close();
      },
    });
    const headers = {
      authorization: "Bearer sk-ann",
      "content-type": "multipart/form-data; boundary=x",
    };
    const init = { method: "POST", headers, body, duplex: "half" };
    const status = await fetch(`${server.url}/v1/files`, init as RequestInit).then(
      (response) => response.status,
      () => 413, // hung up on while it was still sending
    );
    expect(status).toBe(413);
    expect(sent).toBeLessThan(50_000_000);
    await expect.poll(() => store.bytesOf("ann"), SOON).toBe(0);
    expect(await inFolder("drafts")).toEqual([]);
  });

  test("files expire, and uploads to which nothing comes", async () => {
    const ann = client("ann");
    const { id } = await keep("ann", Buffer.from("old"));
    const body = { bytes: 9, filename: "e", mime_type: "", purpose: "user_data" as const };
    const upload = await ann.uploads.create(body);
    await ann.uploads.parts.create(upload.id, { data: await toFile(Buffer.from("part")) });
    const before = nowMs;
    nowMs += 2 * HOUR * 1000;
    const late = ann.uploads.parts.create(upload.id, { data: await toFile(Buffer.from("x")) });
    await expect(late).rejects.toMatchObject({ status: 404 });
    expect(store.bytesOf("ann")).toBe(7);
    await store.sweep();
    expect(store.bytesOf("ann")).toBe(3);
    expect(await inFolder("uploads")).toEqual([]);
    nowMs = before + 24 * HOUR * 1000;
    await expect(ann.files.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
    await store.sweep();
    expect([await inFolder("blobs"), await inFolder("records")]).toEqual([[], []]);
  });
});

describe("hostile forms", () => {
  const send = async (body: BodyInit, headers: Record<string, string> = {}, path = "/v1/files") => {
    const response = await fetch(`${server.url}${path}`, {
      method: "POST",
      headers: { authorization: "Bearer sk-ann", ...headers },
      body,
    });
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect(error.message).not.toMatch(/\/tmp|\.ts|node_modules/);
    return [response.status, error.code];
  };
  const type = { "content-type": "multipart/form-data; boundary=x" };
  const head = (name: string) => `--x\r\nContent-Disposition: form-data; ${name}\r\n\r\n`;
  const file = `${head('name="file"; filename="a"')}1\r\n`;

  test.each<[string, string, Record<string, string>, number, string]>([
    ["no boundary", file, { "content-type": "multipart/form-data" }, 400, "invalid_multipart"],
    ["JSON", "{}", { "content-type": "application/json" }, 415, "unsupported_media_type"],
    ["no file", `${head('name="purpose"')}vision\r\n--x--`, type, 400, "missing_required"],
    ["an empty file", `${head('name="file"')}\r\n--x--`, type, 400, "invalid_media"],
    ["two files", `${file}${file}--x--`, type, 400, "invalid_multipart"],
    ["cut off", file, type, 400, "invalid_multipart"],
    ["a wrong purpose", `${file}${head('name="purpose"')}x\r\n--x--`, type, 400, "out_of_range"],
    [
      "a giant field",
      `${head('name="b"')}${"x".repeat(1e5)}\r\n--x--`,
      type,
      400,
      "invalid_multipart",
    ],
    ["a giant header", head(`name="${"x".repeat(1e5)}"`), type, 400, "invalid_multipart"],
    ["an empty body", "", type, 400, "invalid_multipart"],
    [
      "a compressed body",
      file,
      { ...type, "content-encoding": "gzip" },
      415,
      "unsupported_media_type",
    ],
    [
      "a wrong time",
      `${file}${head('name="expires_after[anchor]"')}created_at\r\n` +
        `${head('name="expires_after[seconds]"')}soon\r\n--x--`,
      type,
      400,
      "invalid_type",
    ],
  ])("%s", async (_, body, headers, status, code) => {
    expect(await send(body, headers)).toEqual([status, code]);
    expect([await inFolder("drafts"), await inFolder("blobs")]).toEqual([[], []]);
    expect(store.bytesOf("ann")).toBe(0);
  });

  test("a client that goes away in the middle leaves nothing", async () => {
    const socket = connect(server.port, "127.0.0.1");
    const headers = [
      "POST /v1/files HTTP/1.1",
      "Host: localhost",
      "Authorization: Bearer sk-ann",
      `Content-Type: ${type["content-type"]}`,
      "Content-Length: 90000",
    ];
    socket.write(`${headers.join("\r\n")}\r\n\r\n${file}`);
    socket.write(Buffer.alloc(50_000));
    await expect.poll(() => store.bytesOf("ann"), SOON).toBeGreaterThan(40_000);
    socket.destroy();
    await expect.poll(() => store.bytesOf("ann"), SOON).toBe(0);
    expect(await inFolder("drafts")).toEqual([]);
  });

  test("a part for nobody's upload, and one that is too large", async () => {
    const path = "/v1/uploads/upload-1/parts";
    expect(await send(file, type, path)).toEqual([404, "file_not_found"]);
    const { uploads } = store;
    const info = { filename: "a", purpose: "user_data", type: "" } as const;
    const { id } = await uploads.create("ann", 10, info);
    const data = `${head('name="data"')}1\r\n--x--`;
    expect(await send(file, type, `/v1/uploads/${id}/parts`)).toEqual([400, "invalid_multipart"]);
    expect(await send(data.replace("1", ""), type, `/v1/uploads/${id}/parts`)).toEqual([
      400,
      "invalid_media",
    ]);
  });

  test("ids that are paths or names of objects", async () => {
    for (const id of [
      "..%2F..%2Fetc%2Fpasswd",
      "__proto__",
      "constructor",
      "%00",
      "x".repeat(900),
    ]) {
      const response = await fetch(`${server.url}/v1/files/${id}/content`, {
        headers: { authorization: "Bearer sk-ann" },
      });
      expect(response.status).toBe(404);
    }
  });
});

describe("asked about", () => {
  const png = (background: string) =>
    sharp({ create: { width: 300, height: 200, channels: 3, background } })
      .png()
      .toBuffer();
  const post = async (path: string, body: object) => {
    const response = await fetch(`${server.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer sk-ann" },
      body: JSON.stringify(body),
    });
    return { status: response.status, answer: (await response.json()) as Answer };
  };
  interface Answer {
    readonly error?: { readonly code?: string; readonly type: string; readonly message: string };
    readonly prompt_tokens: number;
    readonly usage: {
      readonly prompt_tokens: number;
      readonly input_tokens: number;
      readonly cache_read_input_tokens: number;
      readonly prompt_tokens_details: Readonly<Record<string, number>>;
    };
  }
  const chat = (...content: readonly object[]) => ({
    model: MODEL,
    messages: [{ role: "user", content: [...content, { type: "text", text: "What is it?" }] }],
    max_tokens: 2,
  });
  const url = (type: string, bytes: Uint8Array) =>
    `data:${type};base64,${Buffer.from(bytes).toString("base64")}`;

  /** Without time, which differs from run to run. */
  const counts = (estimate: object) => ({ ...estimate, predicted: undefined });

  test.skipIf(!HAS_FFMPEG)("an id is worth as much as a data: URL, in every spelling", async () => {
    const [image, document, video] = [
      await png("#336699"),
      pdf([{ lines: ["one"] }, { lines: ["two"] }]),
      mp4(),
    ];
    const text = Buffer.from("Some words in a file.");
    const named = await keep("ann", image, "a.png");
    const pages = await keep("ann", document, "a.pdf");
    const clip = await keep("ann", video, "a.mp4");
    const words = await keep("ann", text, "a.txt");
    const sampling = { num_frames: 3 };
    const same: [object, ...object[]][] = [
      [
        { type: "image_url", image_url: { url: url("image/png", image) } },
        { type: "image_url", image_url: { file_id: named.id } },
        { type: "image_url", file_id: named.id },
        { type: "input_image", file_id: named.id },
      ],
      [
        { type: "file", file: { file_data: url("application/pdf", document), pages: "2" } },
        { type: "file", file: { file_id: pages.id, pages: "2" } },
        { type: "input_file", file_id: pages.id, pages: "2" },
      ],
      [
        { type: "video_url", video_url: { url: url("video/mp4", video) }, ...sampling },
        { type: "video_url", video_url: { file_id: clip.id }, ...sampling },
      ],
      [
        { type: "video_url", video_url: { url: url("video/mp4", video) } },
        { type: "file", file: { file_id: clip.id } },
      ],
      [
        { type: "file", file: { file_data: url("text/plain", text) } },
        { type: "file", file: { file_id: words.id } },
      ],
    ];
    for (const [usual, ...others] of same) {
      const { answer: expected } = await post("/v1/estimate", chat(usual));
      for (const other of others) {
        const { answer: estimate } = await post("/v1/estimate", chat(other));
        expect(counts(estimate)).toEqual(counts(expected));
        const { answer } = await post("/v1/chat/completions", chat(other));
        expect(answer.error?.message).toBeUndefined();
        expect(answer.usage.prompt_tokens).toBe(expected.prompt_tokens);
      }
    }
    const { answer: expected } = await post("/v1/estimate", chat(same[0]![0], same[1]![0]));
    const inputs = [
      { type: "input_image", file_id: named.id },
      { type: "input_file", file_id: pages.id, pages: "2" },
      { type: "input_text", text: "What is it?" },
    ];
    const responses = { model: MODEL, max_output_tokens: 2 };
    const { answer: response } = await post("/v1/responses", {
      ...responses,
      input: [{ role: "user", content: inputs }],
    });
    expect(response.usage.input_tokens).toBe(expected.prompt_tokens);
    const { answer: films } = await post("/v1/responses", {
      ...responses,
      input: [{ role: "user", content: [{ type: "input_video", file_id: clip.id, ...sampling }] }],
    });
    expect(films.error).toBeFalsy();
    const blocks = [
      { type: "image", source: { type: "file", file_id: named.id } },
      { type: "document", source: { type: "file", file_id: pages.id }, pages: "2" },
      { type: "text", text: "What is it?" },
    ];
    const messages = [{ role: "user", content: blocks }];
    const { answer: message } = await post("/v1/messages", {
      model: MODEL,
      max_tokens: 2,
      messages,
    });
    const { input_tokens, cache_read_input_tokens } = message.usage;
    expect(input_tokens + cache_read_input_tokens).toBe(expected.prompt_tokens);
  });

  test("once uploaded, an image is encoded once and its prompt found again", async () => {
    const { id } = await keep("ann", await png("#123456"), "b.png");
    const part = { type: "image_url", image_url: { file_id: id } };
    const system = { role: "system", content: "Look well. ".repeat(40) };
    const cachedOf = async (text: string) => {
      const user = { role: "user", content: [part, { type: "text", text }] };
      const body = { model: MODEL, messages: [system, user], max_tokens: 1 };
      const { answer } = await post("/v1/chat/completions", body);
      const { cached_tokens, image_tokens } = answer.usage.prompt_tokens_details;
      return { cached: cached_tokens!, image: image_tokens! };
    };
    const first = await cachedOf("What is it?");
    expect(first.cached).toBe(0);
    const tiles = engine.stats.tilesEncoded;
    const second = await cachedOf("Which colour has it?");
    expect(second.cached).toBeGreaterThan(0);
    expect(second.image).toBe(first.image);
    expect(engine.stats.tilesEncoded).toBe(tiles);
  });

  test("an id that is unknown is said in each protocol's words", async () => {
    const id = "file-nothing";
    const message = "No such File object: file-nothing";
    const part = { type: "image_url", image_url: { file_id: id } };
    const [completion, response, anthropic] = [
      await post("/v1/chat/completions", chat(part)),
      await post("/v1/responses", {
        model: MODEL,
        input: [{ role: "user", content: [{ type: "input_file", file_id: id }] }],
      }),
      await post("/v1/messages", {
        model: MODEL,
        max_tokens: 1,
        messages: [
          { role: "user", content: [{ type: "document", source: { type: "file", file_id: id } }] },
        ],
      }),
    ];
    expect([completion.status, response.status, anthropic.status]).toEqual([404, 404, 404]);
    expect(completion.answer.error).toMatchObject({
      message,
      type: "invalid_request_error",
      param: "messages[0].content[0].image_url.file_id",
      code: "file_not_found",
    });
    expect(response.answer.error).toMatchObject({ message, param: "input[0].content[0].file_id" });
    expect(anthropic.answer.error).toMatchObject({ type: "not_found_error", message });
  });

  test("a file that is none of the part's kind", async () => {
    const { id } = await keep("ann", Buffer.from("no picture"), "a.png");
    const { status, answer } = await post(
      "/v1/chat/completions",
      chat({ type: "image_url", image_url: { file_id: id } }),
    );
    expect([status, answer.error?.code]).toEqual([415, "unsupported_media_type"]);
  });
});

describe("the folder", () => {
  test("after a restart files are there and uploads go on", async () => {
    clock = Date.now;
    const made = await keep("ann", Buffer.from("kept"));
    const info = { filename: "a", purpose: "user_data", type: "" } as const;
    const upload = await store.uploads.create("ann", 10, info);
    const add = async (text: string) => {
      const data = await toFile(Buffer.from(text));
      return (await client("ann").uploads.parts.create(upload.id, { data })).id;
    };
    const first = await add("hello");
    await stop();
    await writeFile(join(folder, "drafts", "left.tmp"), "what a killed process leaves");
    await writeFile(join(folder, "blobs", "0".repeat(64)), "nobody's");
    await writeFile(join(folder, "records", "file-1.json"), "{");
    await start();
    expect(await inFolder("drafts")).toEqual([]);
    expect(await inFolder("blobs")).toHaveLength(1);
    expect(await inFolder("records")).toEqual([`${made.id}.json`]);
    expect(await (await client("ann").files.content(made.id)).text()).toBe("kept");
    expect([store.bytes, store.bytesOf("ann")]).toEqual([9, 9]);
    const second = await add("world");
    const done = await client("ann").uploads.complete(upload.id, { part_ids: [first, second] });
    expect(await (await client("ann").files.content(done.file!.id)).text()).toBe("helloworld");
  });

  test("one that cannot be written is refused with a reason", async () => {
    const file = join(folder, "a-file");
    await writeFile(file, "");
    const opened = FileStore.open({ ...sizes, folder: join(file, "files") });
    await expect(opened).rejects.toMatchObject({ code: "invalid_option" });
  });
});

test("a server without a folder says so", async () => {
  const bare = await listen({ upstream: engine, log: silentLog, host: "127.0.0.1", port: 0 });
  const none = new OpenAI({ baseURL: `${bare.url}/v1`, apiKey: "x", maxRetries: 0 });
  await expect(none.files.list()).rejects.toMatchObject({ status: 404, code: "unknown_url" });
  const content = [{ type: "file" as const, file: { file_id: "file-1" } }];
  const asked = none.chat.completions.create({
    model: MODEL,
    messages: [{ role: "user", content }],
  });
  await expect(asked).rejects.toMatchObject({ status: 400, code: "unsupported_parameter" });
  await bare.close(100);
});
