import { z } from "zod";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { boundedList } from "../shared/fields.ts";
import { check } from "../shared/schema-errors.ts";

/** The wire format of OpenAI's Files and Uploads; storage is elsewhere. */

const purpose = z.enum(["user_data", "vision", "assistants", "batch", "fine-tune", "evals"]);
const expiresAfter = z.object({
  anchor: z.literal("created_at"),
  seconds: z.int().min(1).max(LIMITS.file.seconds),
});

const fileFields = z.object({
  purpose: purpose.default("user_data"),
  expires_after: expiresAfter.nullish(),
});
export type FileFields = z.infer<typeof fileFields>;

const binary = z.string().meta({ format: "binary" });
/** The multipart forms of POST /v1/files and of an upload's parts. */
export const fileForm = fileFields.extend({ file: binary });
export const partForm = z.object({ data: binary });

/** Converts the text fields of a form to a body. Throws what `check` throws. */
export function parseFileFields(texts: ReadonlyMap<string, string>): FileFields {
  const anchor = texts.get("expires_after[anchor]");
  const seconds = texts.get("expires_after[seconds]");
  const expiry = { anchor, seconds: /^\d{1,15}$/.test(seconds ?? "") ? Number(seconds) : seconds };
  const hasExpiry = anchor !== undefined || seconds !== undefined;
  const body = { purpose: texts.get("purpose"), ...(hasExpiry ? { expires_after: expiry } : {}) };
  return check<FileFields>(fileFields, body);
}

export const uploadBody = z.object({
  bytes: z.int().min(1),
  filename: z.string().min(1).max(1024),
  mime_type: z.string().max(100).nullish(),
  purpose: purpose.default("user_data"),
  expires_after: expiresAfter.nullish(),
});
export type UploadBody = z.infer<typeof uploadBody>;

export const completeBody = z.object({
  part_ids: boundedList(z.string().max(64), LIMITS.upload.parts, 1),
  md5: z
    .string()
    .regex(/^[0-9a-fA-F]{32}$/)
    .nullish(),
});
export type CompleteBody = z.infer<typeof completeBody>;

const MAX_LIST = 10_000;
export const listQuery = z.object({
  purpose: purpose.optional(),
  limit: z.int().min(1).max(MAX_LIST).default(MAX_LIST),
  after: z.string().max(64).optional(),
  order: z.enum(["asc", "desc"]).default("desc"),
});
export type ListQuery = z.infer<typeof listQuery>;

/** Parses the query of GET /v1/files. Throws what `check` throws. */
export function parseListQuery({ limit, ...rest }: Readonly<Record<string, string>>): ListQuery {
  const number = limit === undefined ? {} : { limit: limit.trim() === "" ? limit : Number(limit) };
  return check<ListQuery>(listQuery, { ...rest, ...number });
}

/** The metadata of a stored file. */
export interface FileRecord {
  readonly id: string;
  readonly bytes: number;
  readonly filename: string;
  readonly purpose: string;
  readonly createdMs: number;
  readonly expiresMs: number;
}

export const fileAnswer = z.object({
  id: z.string(),
  object: z.literal("file"),
  bytes: z.int(),
  created_at: z.int(),
  expires_at: z.int(),
  filename: z.string(),
  purpose: z.string(),
  status: z.literal("processed"),
});
export type FileBody = z.infer<typeof fileAnswer>;

export function toFileBody(file: FileRecord): FileBody {
  return {
    id: file.id,
    object: "file",
    bytes: file.bytes,
    created_at: Math.floor(file.createdMs / 1000),
    expires_at: Math.floor(file.expiresMs / 1000),
    filename: file.filename,
    purpose: file.purpose,
    status: "processed",
  };
}

export const fileListAnswer = z.object({
  object: z.literal("list"),
  data: z.array(fileAnswer),
  first_id: z.union([z.string(), z.null()]),
  last_id: z.union([z.string(), z.null()]),
  has_more: z.boolean(),
});

/**
 * One page of a list of files.
 *
 * files: oldest first. Throws file_not_found if `after` is not the id of one of them.
 */
export function toFileList(
  files: readonly FileRecord[],
  { purpose, limit, after, order }: ListQuery,
): z.infer<typeof fileListAnswer> {
  const ordered = order === "asc" ? files : files.toReversed();
  const place = after === undefined ? -1 : ordered.findIndex(({ id }) => id === after);
  if (after !== undefined && place < 0) {
    const message = `No such File object: ${after}`;
    throw new VireoError("file_not_found", message, { param: "after" });
  }
  const following = ordered.slice(place + 1).filter((file) => !purpose || file.purpose === purpose);
  const data = following.slice(0, limit).map(toFileBody);
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: following.length > limit,
  };
}

export const deletedAnswer = z.object({
  id: z.string(),
  object: z.literal("file"),
  deleted: z.literal(true),
});

/** The metadata of a file that is uploaded in parts. */
export interface UploadRecord extends FileRecord {
  readonly status: string;
}

export const uploadAnswer = z.object({
  id: z.string(),
  object: z.literal("upload"),
  bytes: z.int(),
  created_at: z.int(),
  expires_at: z.int(),
  filename: z.string(),
  purpose: z.string(),
  status: z.string(),
  file: z.union([fileAnswer, z.null()]),
});

export function toUploadBody(
  upload: UploadRecord,
  file?: FileRecord,
): z.infer<typeof uploadAnswer> {
  return {
    id: upload.id,
    object: "upload",
    bytes: upload.bytes,
    created_at: Math.floor(upload.createdMs / 1000),
    expires_at: Math.floor(upload.expiresMs / 1000),
    filename: upload.filename,
    purpose: upload.purpose,
    status: upload.status,
    file: file === undefined ? null : toFileBody(file),
  };
}

export const partAnswer = z.object({
  id: z.string(),
  object: z.literal("upload.part"),
  created_at: z.int(),
  upload_id: z.string(),
});
