import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { PartialFile } from "./draft.ts";
import type { Expiries } from "./expiries.ts";
import type { Ledger, Reservation } from "./ledger.ts";
import {
  type FileInfo,
  type FileRecord,
  isFileInfo,
  type NewFile,
  newId,
  readJson,
  writeRecord,
} from "./records.ts";

export type UploadStatus = "pending" | "completed" | "cancelled";

/** An upload in parts, each of which may be sent again. */
export interface Upload extends FileInfo {
  readonly id: string;
  readonly tenant: string;
  /** Size of the whole file. */
  readonly bytes: number;
  /** Lifetime of the completed file. */
  readonly ttlSeconds?: number;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly status: UploadStatus;
  /** Set when it is completed. */
  readonly fileId?: string;
}

export interface UploadPart {
  readonly id: string;
  readonly uploadId: string;
  readonly createdMs: number;
}

/** Where completed files go. `FileStore` documents what each function throws. */
export interface UploadTarget {
  reserve(tenant: string, bytes: number): Reservation;
  find(tenant: string, id: string): FileRecord;
  draft(tenant: string, reservation: Reservation, maxBytes: number): Promise<PartialFile>;
  keep(draft: PartialFile, file: NewFile): Promise<FileRecord>;
}

export interface UploadsOptions {
  readonly folder: string;
  readonly now: () => number;
  readonly expiries: Expiries;
  readonly store: UploadTarget;
  readonly ledger: Ledger;
}

interface State {
  upload: Upload;
  readonly parts: Map<string, number>;
  /** The declared bytes that have not come yet. */
  readonly reservation: Reservation;
  /** The parts are being joined. */
  completing: boolean;
}

/** An upload expires after this time without a new part. */
const IDLE_MS = 60 * 60_000;

/** Uploads in parts. Each has its own folder with upload.json and the complete parts. */
export class Uploads {
  private readonly options: UploadsOptions;
  private readonly states = new Map<string, State>();

  constructor(options: UploadsOptions) {
    this.options = options;
  }

  /** Throws media_too_large or storage_full. */
  async create(tenant: string, bytes: number, file: NewFile): Promise<Upload> {
    const { store, now } = this.options;
    const own = [...this.states.values()].filter(({ upload }) => upload.tenant === tenant);
    const limit = LIMITS.upload.uploadsPerTenant;
    const closed = own.filter(({ upload }) => upload.status !== "pending");
    for (const state of closed.slice(0, Math.max(0, 1 + closed.length - limit))) {
      await this.forget(state);
    }
    if (own.length - closed.length >= limit) {
      const message = `there are ${limit} uploads already; complete or cancel some`;
      throw new VireoError("storage_full", message, { metadata: { limit } });
    }
    const reservation = store.reserve(tenant, bytes);
    const createdMs = now();
    const expiresMs = createdMs + IDLE_MS;
    const about = { ...file, id: newId("upload"), tenant, bytes };
    const upload: Upload = { ...about, createdMs, expiresMs, status: "pending" };
    this.options.expiries.start(upload.id, IDLE_MS);
    try {
      await mkdir(this.pathOf(upload.id), { mode: 0o700 });
      await this.write(upload);
    } catch (error) {
      reservation.release();
      throw error;
    }
    this.states.set(upload.id, { upload, parts: new Map(), reservation, completing: false });
    return upload;
  }

  /** The reservation that parts use. Throws file_not_found or upload_closed. */
  reservationOf(tenant: string, id: string): Reservation {
    return this.pending(tenant, id).reservation;
  }

  /** Stores a partial file as a part. Throws as `reservationOf`, invalid_media and out_of_range. */
  async addPart(tenant: string, id: string, draft: PartialFile): Promise<UploadPart> {
    const { path, bytes } = await draft.finish();
    const state = this.pending(tenant, id);
    const limit = LIMITS.upload.parts;
    if (bytes === 0) throw new VireoError("invalid_media", "the part is empty (0 bytes)");
    if (state.parts.size >= limit) {
      const message = `the upload has ${limit} parts already; send larger ones`;
      throw new VireoError("out_of_range", message, { metadata: { limit } });
    }
    const part = newId("part");
    const kept = join(this.pathOf(id), part);
    await rename(path, kept);
    if (state.upload.status !== "pending") await rm(kept, { force: true });
    this.pending(tenant, id); // it may have been closed meanwhile
    draft.handOver();
    state.parts.set(part, bytes);
    state.upload = { ...state.upload, expiresMs: this.options.now() + IDLE_MS };
    this.options.expiries.start(id, IDLE_MS);
    return { id: part, uploadId: id, createdMs: this.options.now() };
  }

  /**
   * Joins parts in the order of their ids and stores the file. A repeated call gives the same
   * answer.
   *
   * md5: expected hash of the whole file, in hexadecimal digits.
   * Throws file_not_found, upload_closed, out_of_range for parts that are unknown, incomplete or
   * have another md5, and what writing throws.
   */
  async complete(
    tenant: string,
    id: string,
    parts: readonly string[],
    md5?: string,
  ): Promise<{ readonly upload: Upload; readonly file: FileRecord }> {
    const { store } = this.options;
    const { upload: done } = this.find(tenant, id);
    if (done.fileId !== undefined) return { upload: done, file: store.find(tenant, done.fileId) };
    const state = this.pending(tenant, id);
    checkParts(state, parts);
    state.completing = true;
    try {
      const file = await this.assemble(state.upload, parts, md5);
      state.upload = { ...state.upload, status: "completed", fileId: file.id };
      await this.write(state.upload);
      await this.freeParts(state);
      return { upload: state.upload, file };
    } finally {
      state.completing = false;
    }
  }

  /** Throws file_not_found or upload_closed. */
  async cancel(tenant: string, id: string): Promise<Upload> {
    const state = this.pending(tenant, id);
    state.upload = { ...state.upload, status: "cancelled" };
    await this.write(state.upload);
    await this.freeParts(state);
    return state.upload;
  }

  /** Removes uploads that have received nothing for an hour. */
  async sweep(): Promise<void> {
    for (const state of this.states.values()) {
      if (!this.options.expiries.isRemovable(state.upload.id) || state.completing) continue;
      await this.forget(state);
    }
  }

  private async forget(state: State): Promise<void> {
    const { id } = state.upload;
    this.states.delete(id);
    this.options.expiries.forget(id);
    await this.freeParts(state);
    await rm(this.pathOf(id), { recursive: true, force: true });
  }

  /** Loads the uploads of an earlier process. */
  async load(): Promise<void> {
    const folder = join(this.options.folder, "uploads");
    for (const name of await readdir(folder)) {
      const upload = await readJson(join(folder, name, "upload.json"));
      if (!isUpload(upload) || upload.id !== name) {
        await rm(join(folder, name), { recursive: true, force: true });
        continue;
      }
      const parts = new Map<string, number>();
      let { expiresMs } = upload;
      let received = 0;
      for (const part of await readdir(join(folder, name))) {
        if (!/^part-[0-9a-f]{32}$/.test(part)) continue;
        const { size, mtimeMs } = await stat(join(folder, name, part));
        parts.set(part, size);
        received += size;
        expiresMs = Math.max(expiresMs, Math.floor(mtimeMs) + IDLE_MS);
        this.options.ledger.addTo(upload.tenant, size);
        this.options.ledger.addToDisk(size);
      }
      const reservation = this.options.ledger.resume(upload.tenant, upload.bytes, received);
      const state = { upload: { ...upload, expiresMs }, parts, reservation, completing: false };
      this.states.set(name, state);
      this.options.expiries.resume(name, expiresMs, IDLE_MS);
      if (upload.status !== "pending") await this.freeParts(state);
    }
  }

  private pathOf(id: string): string {
    return join(this.options.folder, "uploads", id);
  }

  private async write(upload: Upload): Promise<void> {
    const drafts = join(this.options.folder, "drafts");
    await writeRecord(join(this.pathOf(upload.id), "upload.json"), drafts, upload);
  }

  private find(tenant: string, id: string): State {
    const state = this.states.get(id);
    const known = state?.upload.tenant === tenant && !this.options.expiries.isOver(id);
    if (state && known) return state;
    const message = `No such Upload object: ${id.slice(0, 64)}`;
    throw new VireoError("file_not_found", message, { param: "upload_id" });
  }

  private pending(tenant: string, id: string): State {
    const state = this.find(tenant, id);
    const { status } = state.upload;
    if (status === "pending" && !state.completing) return state;
    const message = `the upload is ${status === "pending" ? "being completed" : status} already`;
    throw new VireoError("upload_closed", message, { param: "upload_id" });
  }

  /** Counts the bytes once for the tenant, and twice on disk until the parts are removed. */
  private async assemble(
    upload: Upload,
    parts: readonly string[],
    md5: string | undefined,
  ): Promise<FileRecord> {
    const { store, ledger } = this.options;
    const { filename, purpose, type, ttlSeconds, tenant, bytes } = upload;
    const about = { filename, purpose, type, ...defined({ ttlSeconds }) };
    const hash = createHash("md5");
    ledger.addTo(tenant, -bytes);
    let draft: PartialFile | undefined;
    try {
      draft = await store.draft(tenant, ledger.reserve(tenant, bytes), bytes);
      for (const part of parts) {
        for await (const chunk of createReadStream(join(this.pathOf(upload.id), part))) {
          hash.update(chunk as Uint8Array);
          await draft.write(chunk as Uint8Array);
        }
      }
      const actual = hash.digest("hex");
      if (md5 !== undefined && md5.toLowerCase() !== actual) {
        const message = `the parts together have the MD5 ${actual}, not the one that was sent`;
        throw new VireoError("out_of_range", message, { param: "md5" });
      }
      return await store.keep(draft, about);
    } finally {
      ledger.addTo(tenant, bytes);
      await draft?.discard();
    }
  }

  private async freeParts({ upload, parts, reservation }: State): Promise<void> {
    reservation.release();
    for (const [part, bytes] of parts) {
      parts.delete(part);
      await rm(join(this.pathOf(upload.id), part), { force: true });
      this.options.ledger.addTo(upload.tenant, -bytes);
      this.options.ledger.addToDisk(-bytes);
    }
  }
}

function checkParts({ upload, parts }: State, named: readonly string[]): void {
  const param = "part_ids";
  const unknown = named.find((part) => !parts.has(part));
  if (unknown !== undefined) {
    const message = `the upload has no part ${unknown.slice(0, 64)}`;
    throw new VireoError("out_of_range", message, { param });
  }
  if (new Set(named).size !== named.length) {
    throw new VireoError("out_of_range", "part_ids names a part twice", { param });
  }
  const actual = named.reduce((sum, part) => sum + parts.get(part)!, 0);
  if (actual === upload.bytes) return;
  const message = `the parts have ${actual} bytes together; the upload was to have ${upload.bytes}`;
  throw new VireoError("out_of_range", message, { param, metadata: { actual } });
}

function isUpload(value: unknown): value is Upload {
  if (!isFileInfo(value)) return false;
  const { id, tenant, bytes, createdMs, expiresMs, status } = value;
  return (
    typeof id === "string" &&
    typeof tenant === "string" &&
    [bytes, createdMs, expiresMs].every((number) => Number.isSafeInteger(number)) &&
    ["pending", "completed", "cancelled"].includes(String(status))
  );
}
