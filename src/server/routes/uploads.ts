import type { Context } from "hono";
import { LIMITS } from "../../core/limits.ts";
import { cleanName, typeOf } from "../../files/records.ts";
import { toUploadBody } from "../../protocols/openai/files.ts";
import type { Env, RouteOptions } from "../context.ts";
import { parseBody } from "../parsing/parse-body.ts";
import { receiveForm } from "../receive-form.ts";
import { storageRefused } from "../retention.ts";
import { requireStore } from "./files.ts";

/** Starts an upload in parts. */
export function createUpload(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    if (options.keepsNothing(c.get("tenant"))) throw storageRefused("file", "the file");
    const { uploads } = requireStore(options);
    const body = await parseBody(c, options, "upload");
    const filename = cleanName(body.filename);
    const file = { filename, purpose: body.purpose, type: typeOf(body.mime_type ?? "", filename) };
    const ttl = body.expires_after ? { ttlSeconds: body.expires_after.seconds } : {};
    return c.json(
      toUploadBody(await uploads.create(c.get("tenant"), body.bytes, { ...file, ...ttl })),
    );
  };
}

export function addPart(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const store = requireStore(options);
    const [tenant, id] = [c.get("tenant"), idOf(c)];
    const reservation = store.uploads.reservationOf(tenant, id);
    const maxBytes = LIMITS.upload.partBytes;
    const { draft } = await receiveForm(c, { store, field: "data", maxBytes, reservation });
    try {
      const part = await store.uploads.addPart(tenant, id, draft);
      const created_at = Math.floor(part.createdMs / 1000);
      return c.json({ id: part.id, object: "upload.part", created_at, upload_id: id });
    } finally {
      await draft.discard();
    }
  };
}

/** Joins the parts into a file, in the given order. */
export function completeUpload(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const { uploads } = requireStore(options);
    const { part_ids, md5 } = await parseBody(c, options, "uploadEnd");
    const done = await uploads.complete(c.get("tenant"), idOf(c), part_ids, md5 ?? undefined);
    return c.json(toUploadBody(done.upload, done.file));
  };
}

export function cancelUpload(options: RouteOptions) {
  return async (c: Context<Env>): Promise<Response> => {
    const { uploads } = requireStore(options);
    return c.json(toUploadBody(await uploads.cancel(c.get("tenant"), idOf(c))));
  };
}

function idOf(c: Context<Env>): string {
  return c.req.param("id") ?? "";
}
