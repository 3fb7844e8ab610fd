import { Readable } from "node:stream";
import type { Context } from "hono";
import { VireoError } from "../../core/errors.ts";
import { cleanName, typeOf } from "../../files/records.ts";
import type { FileStore } from "../../files/store.ts";
import {
  parseFileFields,
  parseListQuery,
  toFileBody,
  toFileList,
} from "../../protocols/openai/files.ts";
import type { Env, RouteOptions } from "../context.ts";
import { receiveForm } from "../receive-form.ts";
import { storageRefused } from "../retention.ts";

/** Stores a file that is sent as a form. */
export function createFile(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    if (options.keepsNothing(c.get("tenant"))) throw storageRefused("file", "the file");
    const store = requireStore(options);
    const form = await receiveForm(c, { store, field: "file", maxBytes: store.fileBytes });
    try {
      const { purpose, expires_after } = parseFileFields(form.fields);
      const filename = cleanName(form.filename);
      const file = { filename, purpose, type: typeOf(form.contentType, filename) };
      const ttl = expires_after ? { ttlSeconds: expires_after.seconds } : {};
      return c.json(toFileBody(await store.keep(form.draft, { ...file, ...ttl })));
    } finally {
      await form.draft.discard();
    }
  };
}

export function listFiles(options: RouteOptions) {
  return (c: Context<Env>): Response => {
    const files = requireStore(options).list(c.get("tenant"));
    return c.json(toFileList(files, parseListQuery(c.req.query())));
  };
}

export function getFile(options: RouteOptions) {
  return (c: Context<Env>): Response => {
    const record = requireStore(options).find(c.get("tenant"), idOf(c), "id");
    return c.json(toFileBody(record));
  };
}

/** The unchanged bytes, with a type that browsers do not display. */
export function fileContent(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const store = requireStore(options);
    const record = store.find(c.get("tenant"), idOf(c), "id");
    const name = encodeURIComponent(record.filename).replaceAll("'", "%27");
    const headers = {
      "content-type": "application/octet-stream",
      "content-length": String(record.bytes),
      "content-disposition": `attachment; filename*=UTF-8''${name}`,
    };
    // a HEAD request would never read or close the file
    if (c.req.method === "HEAD") return c.body(null, 200, headers);
    const stream = await store.stream(record);
    return c.body(Readable.toWeb(stream) as ReadableStream, 200, headers);
  };
}

export function deleteFile(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const id = idOf(c);
    await requireStore(options).remove(c.get("tenant"), id);
    return c.json({ id, object: "file", deleted: true });
  };
}

function idOf(c: Context<Env>): string {
  return c.req.param("id") ?? "";
}

/** Throws unknown_url if no files are stored. */
export function requireStore({ files }: RouteOptions): FileStore {
  if (files !== undefined) return files;
  const message = "this server stores no files; send files in the request itself, as data: URLs";
  throw new VireoError("unknown_url", message);
}
