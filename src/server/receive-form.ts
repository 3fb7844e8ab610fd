import type { Context } from "hono";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { PartialFile } from "../files/draft.ts";
import type { Reservation } from "../files/ledger.ts";
import { boundaryOf, readMultipart } from "../files/multipart.ts";
import type { FileStore } from "../files/store.ts";
import { chunksOf, skipRest } from "./body-chunks.ts";
import type { Env } from "./context.ts";

export interface FormOptions {
  readonly store: FileStore;
  /** Name of the field with the file. */
  readonly field: string;
  /** Maximum size of the file. */
  readonly maxBytes: number;
  /** The reservation of the upload that the file is a part of. Default: one of its own. */
  readonly reservation?: Reservation;
}

export interface ReceivedForm {
  /** The caller discards it. */
  readonly draft: PartialFile;
  readonly filename: string;
  readonly contentType: string;
  /** The other fields. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Allowance for everything in a form besides its file. */
const AROUND_BYTES = 256 * 1024;
/**
 * Size up to which a refused body is read to its end, so that the connection can be used again. A
 * client that sends a larger one, or does not declare the size, is told to close the connection.
 */
const SKIPPED_BYTES = 8 * 1024 * 1024;

/**
 * Reads a form with one file, which is written to disk as it arrives.
 *
 * Throws unsupported_media_type, invalid_multipart, missing_required, media_too_large and
 * storage_full; then the partial file is discarded.
 */
export async function receiveForm(c: Context<Env>, options: FormOptions): Promise<ReceivedForm> {
  const { body } = c.req.raw;
  if (body === null) throw new VireoError("invalid_multipart", "the request has no body");
  const chunks = chunksOf(body);
  try {
    return await receive(c, chunks, options);
  } catch (error) {
    const declared = declaredBytes(c);
    if (declared > 0 && declared <= SKIPPED_BYTES) await skipRest(chunks);
    else c.header("connection", "close");
    throw error;
  }
}

const declaredBytes = (c: Context<Env>): number => Number(c.req.header("content-length") ?? 0);

async function receive(
  c: Context<Env>,
  chunks: AsyncIterable<Uint8Array>,
  options: FormOptions,
): Promise<ReceivedForm> {
  const { field, maxBytes: limit } = options;
  const boundary = boundaryOf(c.req.header("content-type") ?? "");
  if ((c.req.header("content-encoding") ?? "identity") !== "identity") {
    const message = "files cannot be compressed; leave out the Content-Encoding";
    throw new VireoError("unsupported_media_type", message);
  }
  const declared = declaredBytes(c);
  if (declared - AROUND_BYTES > limit) {
    const message = `the file has about ${declared} bytes; at most ${limit} are accepted`;
    throw new VireoError("media_too_large", message, { metadata: { limit } });
  }
  const draft = await openDraft(options, c.get("tenant"), declared);
  try {
    return { draft, ...(await fill(draft, readMultipart(chunks, boundary), field)) };
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

async function openDraft(
  { store, maxBytes, reservation }: FormOptions,
  tenant: string,
  declared: number,
): Promise<PartialFile> {
  if (reservation) return await store.partDraft(tenant, reservation, maxBytes);
  return await store.draft(tenant, reserve(store, tenant, declared), maxBytes);
}

/** Reserves the declared size of a body, or what its file has at least if only that fits. */
function reserve(store: FileStore, tenant: string, declared: number): Reservation {
  const least = Math.max(0, declared - AROUND_BYTES);
  try {
    return store.reserve(tenant, Math.min(declared, store.fileBytes));
  } catch {
    return store.reserve(tenant, least);
  }
}

async function fill(
  draft: PartialFile,
  events: ReturnType<typeof readMultipart>,
  field: string,
): Promise<Omit<ReceivedForm, "draft">> {
  const fields = new Map<string, Buffer>();
  let file: { readonly filename: string; readonly contentType: string } | undefined;
  let current = "";
  for await (const event of events) {
    if (event.type === "part") {
      const { name, filename = "", contentType } = event;
      const isFile = name === field;
      if (fields.has(name) || (isFile && file !== undefined)) {
        const message = `the form has the field ${JSON.stringify(name)} twice; send it once`;
        throw new VireoError("invalid_multipart", message, { param: name });
      }
      current = name;
      if (isFile) file = { filename, contentType };
      else fields.set(name, Buffer.alloc(0));
    } else if (current === field) await draft.write(event.bytes);
    else fields.set(current, join(current, fields.get(current)!, event.bytes));
  }
  if (file === undefined) {
    const message = `${field} is required: a part of the form with that name`;
    throw new VireoError("missing_required", message, { param: field });
  }
  const texts = new Map([...fields].map(([name, value]) => [name, value.toString("utf8")]));
  return { ...file, fields: texts };
}

function join(param: string, before: Buffer, bytes: Uint8Array): Buffer {
  const limit = LIMITS.multipart.fieldBytes;
  if (before.length + bytes.length > limit) {
    const message = `the field ${JSON.stringify(param)} has more than ${limit} bytes`;
    throw new VireoError("invalid_multipart", message, { param });
  }
  return Buffer.concat([before, bytes]);
}
