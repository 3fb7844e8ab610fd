// Uploads whose forms are damaged, too large or incomplete.

import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { FileServer, SOON } from "./file-server.ts";

const host = FileServer.forTests();

describe("hostile forms", () => {
  const send = async (body: BodyInit, headers: Record<string, string> = {}, path = "/v1/files") => {
    const response = await fetch(`${host.server.url}${path}`, {
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
    expect([await host.inFolder("drafts"), await host.inFolder("blobs")]).toEqual([[], []]);
    expect(host.store.bytesOf("ann")).toBe(0);
  });

  test("a refused form gets its answer, and its connection can be used again", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const body = `${head('name="field"')}${"x".repeat(500_000)}\r\n--x--`;
    const headers = { ...type, authorization: "Bearer sk-ann" };
    const post = async (): Promise<boolean> => {
      const sent = request(`${host.server.url}/v1/files`, { method: "POST", headers, agent });
      sent.end(body);
      const [response] = await once(sent, "response");
      expect(await text(response)).toContain('"invalid_multipart"');
      return sent.reusedSocket;
    };
    const reused: boolean[] = [];
    for (let at = 0; at < 5; at += 1) reused.push(await post());
    expect(reused).toEqual([false, true, true, true, true]);
    agent.destroy();
  });

  test("a client that disconnects in the middle leaves nothing behind", async () => {
    const socket = connect(host.server.port, "127.0.0.1");
    const headers = [
      "POST /v1/files HTTP/1.1",
      "Host: localhost",
      "Authorization: Bearer sk-ann",
      `Content-Type: ${type["content-type"]}`,
      "Content-Length: 90000",
    ];
    socket.write(`${headers.join("\r\n")}\r\n\r\n${file}`);
    socket.write(Buffer.alloc(50_000));
    await expect.poll(() => host.store.bytesOf("ann"), SOON).toBeGreaterThan(40_000);
    socket.destroy();
    await expect.poll(() => host.store.bytesOf("ann"), SOON).toBe(0);
    expect(await host.inFolder("drafts")).toEqual([]);
  });

  test("a part for an unknown upload, and one that is too large", async () => {
    const path = "/v1/uploads/upload-1/parts";
    expect(await send(file, type, path)).toEqual([404, "file_not_found"]);
    const { uploads } = host.store;
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
      const response = await fetch(`${host.server.url}/v1/files/${id}/content`, {
        headers: { authorization: "Bearer sk-ann" },
      });
      expect(response.status).toBe(404);
    }
  });
});
