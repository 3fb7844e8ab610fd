// Files that clients upload once and ask about many times: the official client, tenants, limits.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import OpenAI, { NotFoundError, toFile } from "openai";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../src/core/limits.ts";
import { silentLog } from "../../src/core/log.ts";
import { FileStore } from "../../src/files/store.ts";
import { listen } from "../../src/server/listen.ts";
import { MODEL } from "./fake-upstream.ts";
import { FileServer, HOUR, SIZES, SOON } from "./file-server.ts";

const host = FileServer.forTests();

describe("the official client", () => {
  test("creates, lists, reads and deletes", async () => {
    const ann = host.client("ann");
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
    const path = `${host.server.url}/v1/files/${made.id}/content`;
    const head = await fetch(path, { method: "HEAD", headers });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([
      200,
      "5",
      "",
    ]);
    expect(await ann.files.delete(made.id)).toMatchObject({ id: made.id, deleted: true });
    await expect(ann.files.retrieve(made.id)).rejects.toBeInstanceOf(NotFoundError);
    expect(await host.inFolder("blobs")).toEqual([]);
  });

  test("lists in pages, newest first", async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) {
      host.nowMs += 1000;
      ids.push((await host.upload("ann", Buffer.from(`file ${index}`))).id);
    }
    const all: string[] = [];
    for await (const { id } of host.client("ann").files.list({ limit: 2 })) all.push(id);
    expect(all).toEqual(ids.toReversed());
    const oldest = await host.client("ann").files.list({ limit: 1, order: "asc" });
    expect(oldest.data.map(({ id }) => id)).toEqual(ids.slice(0, 1));
    const { data } = await host.client("ann").files.list({ purpose: "vision" });
    expect(data).toEqual([]);
    const after = host.client("ann").files.list({ after: "file-0" });
    await expect(after).rejects.toMatchObject({ status: 404, param: "after" });
    const limit = host.client("ann").files.list({ limit: 0 });
    await expect(limit).rejects.toMatchObject({ status: 400, param: "limit" });
  });

  test("the same bytes are stored once, and live as long as one of their files", async () => {
    const bytes = Buffer.alloc(100_000, 7);
    const [first, second] = [await host.upload("ann", bytes), await host.upload("bob", bytes)];
    expect(await host.inFolder("blobs")).toHaveLength(1);
    expect([host.store.bytes, host.store.bytesOf("ann"), host.store.bytesOf("bob")]).toEqual([
      1e5, 1e5, 1e5,
    ]);
    await host.client("ann").files.delete(first.id);
    const content = await host.client("bob").files.content(second.id);
    expect(Buffer.from(await content.arrayBuffer()).equals(bytes)).toBe(true);
    await host.client("bob").files.delete(second.id);
    expect([host.store.bytes, host.store.bytesOf("ann"), host.store.bytesOf("bob")]).toEqual([
      0, 0, 0,
    ]);
  });

  test("uploads in parts, in the order in which they are named", async () => {
    const ann = host.client("ann");
    const file = { bytes: 12, filename: "b.txt", mime_type: "text/plain", purpose: "user_data" };
    const upload = await ann.uploads.create({ ...file, purpose: "user_data" });
    expect(upload).toMatchObject({ object: "upload", status: "pending", bytes: 12, file: null });
    const add = async (text: string) => {
      const data = await toFile(Buffer.from(text));
      return (await ann.uploads.parts.create(upload.id, { data })).id;
    };
    const [world, hello, twice] = [await add("world\n"), await add("hello "), await add("hello ")];
    const other = host.client("bob").uploads.complete(upload.id, { part_ids: [hello, world] });
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
    expect([host.store.bytes, host.store.bytesOf("ann")]).toEqual([12, 12]);
  });

  test("uploads that are closed make no room for others necessary", async () => {
    const { uploads } = host.store;
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

  test("an upload can be cancelled", async () => {
    const ann = host.client("ann");
    const { id } = await ann.uploads.create({
      bytes: 5,
      filename: "c",
      mime_type: "",
      purpose: "user_data",
    });
    await ann.uploads.parts.create(id, { data: await toFile(Buffer.from("hello")) });
    expect(host.store.bytesOf("ann")).toBe(5);
    expect((await ann.uploads.cancel(id)).status).toBe("cancelled");
    expect(host.store.bytesOf("ann")).toBe(0);
    const late = ann.uploads.complete(id, { part_ids: ["part-1"] });
    await expect(late).rejects.toMatchObject({ code: "upload_closed" });
  });
});

test("tenants see only their own files", async () => {
  const { id } = await host.upload("ann", Buffer.from("secret"));
  const bob = host.client("bob");
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
  expect((await host.client("ann").files.list()).data).toHaveLength(1);
});

describe("limits", () => {
  test("a tenant's quota, and that of all", async () => {
    await host.upload("ann", Buffer.alloc(900_000, 1));
    const more = host.upload("ann", Buffer.alloc(200_000, 2));
    await expect(more).rejects.toMatchObject({ status: 413, code: "storage_full" });
    await host.upload("bob", Buffer.alloc(1_000_000, 3));
    await host.upload("cid", Buffer.alloc(1_000_000, 4));
    await expect(host.upload("dan", Buffer.alloc(500_000, 5))).rejects.toMatchObject({
      status: 413,
    });
    await host.upload("dan", Buffer.alloc(50_000, 5));
    for (const name of ["cid", "dan"]) {
      for (const { id } of host.store.list(name)) await host.store.remove(name, id);
    }
    expect(await host.inFolder("drafts")).toEqual([]);
    expect(host.store.bytesOf("ann")).toBe(900_000);
    const large = host.client("ann").uploads.create({
      bytes: 2 ** 40,
      filename: "d",
      mime_type: "",
      purpose: "user_data",
    });
    await expect(large).rejects.toMatchObject({ status: 413, code: "media_too_large" });
  });

  test("of parallel uploads, those succeed that fit together", async () => {
    const sent = [1, 2, 3, 4].map((fill) => host.upload("eva", Buffer.alloc(400_000, fill)));
    const results = await Promise.allSettled(sent);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    expect(host.store.bytesOf("eva")).toBe(800_000);
    const upload = { bytes: 200_000, filename: "d", mime_type: "", purpose: "user_data" } as const;
    const { uploads } = host.client("eva");
    const { id } = await uploads.create(upload);
    const another = uploads.create(upload);
    await expect(another).rejects.toMatchObject({ status: 413, code: "storage_full" });
    await uploads.cancel(id);
    await uploads.cancel((await uploads.create(upload)).id);
    for (const file of host.store.list("eva")) await host.store.remove("eva", file.id);
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
    const status = await fetch(`${host.server.url}/v1/files`, init as RequestInit).then(
      (response) => response.status,
      () => 413, // hung up on while it was still sending
    );
    expect(status).toBe(413);
    expect(sent).toBeLessThan(50_000_000);
    await expect.poll(() => host.store.bytesOf("ann"), SOON).toBe(0);
    expect(await host.inFolder("drafts")).toEqual([]);
  });

  test("files and idle uploads expire", async () => {
    const ann = host.client("ann");
    const { id } = await host.upload("ann", Buffer.from("old"));
    const body = { bytes: 9, filename: "e", mime_type: "", purpose: "user_data" as const };
    const upload = await ann.uploads.create(body);
    await ann.uploads.parts.create(upload.id, { data: await toFile(Buffer.from("part")) });
    const before = host.nowMs;
    host.nowMs += 2 * HOUR * 1000;
    const late = ann.uploads.parts.create(upload.id, { data: await toFile(Buffer.from("x")) });
    await expect(late).rejects.toMatchObject({ status: 404 });
    expect(host.store.bytesOf("ann")).toBe(7);
    await host.store.sweep();
    expect(host.store.bytesOf("ann")).toBe(3);
    expect(await host.inFolder("uploads")).toEqual([]);
    host.nowMs = before + 24 * HOUR * 1000;
    await expect(ann.files.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
    await host.store.sweep();
    expect([await host.inFolder("blobs"), await host.inFolder("records")]).toEqual([[], []]);
  });
});

describe("the folder", () => {
  test("after a restart files are there and uploads go on", async () => {
    host.clock = Date.now;
    const made = await host.upload("ann", Buffer.from("kept"));
    const info = { filename: "a", purpose: "user_data", type: "" } as const;
    const upload = await host.store.uploads.create("ann", 10, info);
    const add = async (text: string) => {
      const data = await toFile(Buffer.from(text));
      return (await host.client("ann").uploads.parts.create(upload.id, { data })).id;
    };
    const first = await add("hello");
    await host.stop();
    await writeFile(join(host.folder, "drafts", "left.tmp"), "what a killed process leaves");
    await writeFile(join(host.folder, "blobs", "0".repeat(64)), "nobody's");
    await writeFile(join(host.folder, "records", "file-1.json"), "{");
    await host.start();
    expect(await host.inFolder("drafts")).toEqual([]);
    expect(await host.inFolder("blobs")).toHaveLength(1);
    expect(await host.inFolder("records")).toEqual([`${made.id}.json`]);
    expect(await (await host.client("ann").files.content(made.id)).text()).toBe("kept");
    expect([host.store.bytes, host.store.bytesOf("ann")]).toEqual([9, 9]);
    const second = await add("world");
    const done = await host
      .client("ann")
      .uploads.complete(upload.id, { part_ids: [first, second] });
    expect(await (await host.client("ann").files.content(done.file!.id)).text()).toBe("helloworld");
  });

  test("a folder that is not writable is refused with a reason", async () => {
    const file = join(host.folder, "a-file");
    await writeFile(file, "");
    const opened = FileStore.open({ ...SIZES, folder: join(file, "files") });
    await expect(opened).rejects.toMatchObject({ code: "invalid_option" });
  });
});

test("a server without a folder reports that it stores no files", async () => {
  const bare = await listen({ upstream: host.engine, log: silentLog, host: "127.0.0.1", port: 0 });
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
