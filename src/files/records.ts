import { randomBytes } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { LIMITS } from "../core/limits.ts";

export const PURPOSES = [
  "user_data",
  "vision",
  "assistants",
  "batch",
  "fine-tune",
  "evals",
] as const;
export type Purpose = (typeof PURPOSES)[number];

/** A file as its owner describes it. */
export interface FileInfo {
  readonly filename: string;
  readonly purpose: Purpose;
  /** Declared media type, or that of the file extension; "" if both are unknown. */
  readonly type: string;
}

export interface NewFile extends FileInfo {
  /** A shorter lifetime than the store's own. */
  readonly ttlSeconds?: number;
}

/** A stored file. */
export interface FileRecord extends FileInfo {
  readonly id: string;
  /** Its owner. */
  readonly tenant: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly createdMs: number;
  readonly expiresMs: number;
}

/** For example file-<32 hexadecimal digits>. */
export function newId(kind: "file" | "upload" | "part"): string {
  return `${kind}-${randomBytes(16).toString("hex")}`;
}

/** The last part of the sent path, without control characters. Never used as a path. */
export function cleanName(given: string): string {
  const last = given.split(/[/\\]/).at(-1) ?? "";
  const plain = last.replace(/[\p{Cc}\p{Surrogate}\u202a-\u202e\u2066-\u2069]/gu, "").trim();
  const short = [...plain].slice(-LIMITS.file.nameCharacters).join("");
  return short === "" || short === "." || short === ".." ? "file" : short;
}

const TYPES: Readonly<Record<string, string>> = {
  txt: "text/plain",
  md: "text/markdown",
  csv: "text/csv",
  pdf: "application/pdf",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  tif: "image/tiff",
  tiff: "image/tiff",
  mp4: "video/mp4",
  mov: "video/quicktime",
  mkv: "video/x-matroska",
  webm: "video/webm",
  avi: "video/x-msvideo",
};

/** The declared media type, else that of the file extension, else "". */
export function typeOf(declared: string, filename: string): string {
  const type = (declared.split(";")[0] ?? "").trim().toLowerCase();
  if (/^[\w.+-]+\/[\w.+-]+$/.test(type) && type !== "application/octet-stream") return type;
  const ending = /\.(\w{1,8})$/.exec(filename)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(TYPES, ending) ? TYPES[ending]! : "";
}

/** Writes a record atomically: a temporary file is synced and renamed. */
export async function writeRecord(path: string, drafts: string, record: object): Promise<void> {
  const draft = join(drafts, `${randomBytes(16).toString("hex")}.tmp`);
  try {
    await writeFile(draft, JSON.stringify(record), { mode: 0o600, flush: true });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Reads all records of a folder; other files are removed. */
export async function readRecords(folder: string): Promise<FileRecord[]> {
  const records: FileRecord[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const record = await readJson(path);
    if (isFileRecord(record) && record.id === basename(name, ".json")) records.push(record);
    else await rm(path, { recursive: true, force: true });
  }
  return records.sort((a, b) => a.createdMs - b.createdMs);
}

export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as unknown;
  } catch {
    return undefined;
  }
}

export function isFileInfo(value: unknown): value is FileInfo & Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const { filename, purpose, type } = value as Record<string, unknown>;
  const isKnown = PURPOSES.some((known) => known === purpose);
  return typeof filename === "string" && isKnown && typeof type === "string";
}

function isFileRecord(value: unknown): value is FileRecord {
  if (!isFileInfo(value)) return false;
  const { id, tenant, sha256, bytes, createdMs, expiresMs } = value;
  const numbers = [bytes, createdMs, expiresMs];
  return (
    /^file-[0-9a-f]{32}$/.test(String(id)) &&
    typeof tenant === "string" &&
    /^[0-9a-f]{64}$/.test(String(sha256)) &&
    numbers.every((number) => Number.isSafeInteger(number))
  );
}
