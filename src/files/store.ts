import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { lockFolder } from "../disk/lock-folder.ts";
import { PartialFile } from "./draft.ts";
import { Expiries } from "./expiries.ts";
import { Ledger, type Quotas, type Reservation } from "./ledger.ts";
import { type FileRecord, type NewFile, newId, readRecords, writeRecord } from "./records.ts";
import { Uploads } from "./uploads.ts";

export interface FileStoreOptions extends Quotas {
  /** Created if missing; only this process uses it. */
  readonly folder: string;
  /** Maximum lifetime of a file. */
  readonly ttlSeconds: number;
  /** Maximum size of one file. Default: LIMITS.file.bytes. */
  readonly fileBytes?: number;
  /** Unix time in milliseconds. Default: Date.now. */
  readonly now?: () => number;
  /** Milliseconds that have passed, by a clock that nobody sets. Default: `now`, if it is given. */
  readonly elapsed?: () => number;
}

const SWEEP_MS = 60_000;

interface Blob {
  readonly bytes: number;
  records: number;
}

/**
 * Stores tenants' files for a limited time. The same content is on disk once, in blobs/ under its
 * SHA-256; records/ holds owners and lifetimes; drafts/ and uploads/ hold incomplete files. Files
 * in blobs/ and records/ are complete, because they are written to a temporary file, synced and
 * renamed. Opening the folder removes drafts that a killed process left.
 *
 * @example
 * const quotas = { quotaBytes: 1e9, tenantQuotaBytes: 1e8 };
 * const files = await FileStore.open({ folder: "uploads", ttlSeconds: 3600, ...quotas });
 * const app = createApp({ upstream: engine, files, log: () => {} });
 * await files.close();
 */
export class FileStore {
  readonly uploads: Uploads;
  private readonly options: FileStoreOptions;
  private readonly ledger: Ledger;
  private readonly unlock: () => Promise<void>;
  private readonly records = new Map<string, FileRecord>();
  private readonly blobs = new Map<string, Blob>();
  /**
   * Concurrent readers share this memory. It is kept by record, not by content: otherwise a tenant
   * could find out by timing whether another one reads the same file.
   */
  private readonly contents = new WeakMap<FileRecord, WeakRef<Uint8Array>>();
  private readonly expiries: Expiries;
  private readonly sweeping: NodeJS.Timeout;
  /** Changes to records and blobs run one at a time. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(options: FileStoreOptions, unlock: () => Promise<void>) {
    this.options = options;
    this.unlock = unlock;
    this.ledger = new Ledger(options);
    const { folder, now = Date.now } = options;
    const elapsed = options.elapsed ?? options.now ?? (() => performance.now());
    this.expiries = new Expiries({ now, elapsed });
    const clocks = { now, expiries: this.expiries };
    this.uploads = new Uploads({ folder, ...clocks, store: this, ledger: this.ledger });
    this.sweeping = setInterval(() => void this.sweep().catch(() => {}), SWEEP_MS);
    this.sweeping.unref();
  }

  /** Opens a folder. Throws invalid_option if it is not writable or another server uses it. */
  static async open(options: FileStoreOptions): Promise<FileStore> {
    const { folder } = options;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const unlock = await lockFolder(folder, (pid) => {
        const message =
          `the folder for files ${folder} is used by another server (process ${pid}); ` +
          "stop that one, or give --files another folder";
        return new VireoError("invalid_option", message, { param: "files" });
      });
      await rm(join(folder, "drafts"), { recursive: true, force: true });
      for (const name of ["drafts", "blobs", "records", "uploads"]) {
        await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
      }
      const store = new FileStore(options, unlock);
      await store.load();
      return store;
    } catch (cause) {
      if (cause instanceof VireoError) throw cause;
      const reason = (cause as NodeJS.ErrnoException).code ?? "no reason";
      const message =
        `the folder for files ${folder} cannot be used (${reason}); ` +
        "give --files another one, or --no-files";
      throw new VireoError("invalid_option", message, { param: "files", cause });
    }
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.ledger.bytes;
  }

  bytesOf(tenant: string): number {
    return this.ledger.bytesOf(tenant);
  }

  get fileBytes(): number {
    return this.options.fileBytes ?? LIMITS.file.bytes;
  }

  /** Reserves the declared size of a file. Throws storage_full or media_too_large. */
  reserve(tenant: string, bytes: number): Reservation {
    const limit = this.fileBytes;
    if (bytes > limit) {
      const message = `the file has ${bytes} bytes; at most ${limit} are accepted`;
      throw new VireoError("media_too_large", message, { metadata: { limit, actual: bytes } });
    }
    return this.ledger.reserve(tenant, bytes);
  }

  /**
   * Creates a partial file, which releases the reservation in the end. The caller must discard it
   * in the end, stored or not.
   */
  async draft(
    tenant: string,
    reservation = this.ledger.reserve(tenant, 0),
    maxBytes = this.fileBytes,
  ): Promise<PartialFile> {
    const folder = join(this.options.folder, "drafts");
    return await PartialFile.open({ folder, reservation, tenant, maxBytes });
  }

  /** Creates a partial file that uses the reservation of its upload. */
  async partDraft(
    tenant: string,
    reservation: Reservation,
    maxBytes: number,
  ): Promise<PartialFile> {
    const folder = join(this.options.folder, "drafts");
    return await PartialFile.open({ folder, reservation, isOwned: true, tenant, maxBytes });
  }

  /**
   * Stores a partial file. Throws storage_full for too many files, and invalid_media for an empty
   * one.
   */
  async keep(draft: PartialFile, file: NewFile): Promise<FileRecord> {
    const { tenant } = draft;
    const { path, sha256, bytes } = await draft.finish();
    if (bytes === 0) throw new VireoError("invalid_media", "the file is empty (0 bytes)");
    return await this.inTurn(async () => {
      const limit = LIMITS.file.filesPerTenant;
      if (this.ofTenant(tenant).length >= limit) {
        const message = `there are ${limit} files already; delete some`;
        throw new VireoError("storage_full", message, { metadata: { limit } });
      }
      const { ttlSeconds, ...info } = file;
      const seconds = Math.min(ttlSeconds ?? this.options.ttlSeconds, this.options.ttlSeconds);
      const createdMs = this.now();
      const expiresMs = createdMs + seconds * 1000;
      const id = newId("file");
      const record = { ...info, id, tenant, sha256, bytes, createdMs, expiresMs };
      const isNew = !this.blobs.has(sha256);
      if (isNew) await rename(path, this.blobPath(sha256));
      try {
        await writeRecord(this.recordPath(id), join(this.options.folder, "drafts"), record);
      } catch (error) {
        if (isNew) await rm(this.blobPath(sha256), { force: true });
        throw error;
      }
      if (isNew) this.blobs.set(sha256, { bytes, records: 0 });
      else this.ledger.addToDisk(-bytes);
      draft.handOver();
      this.expiries.start(id, seconds * 1000);
      this.add(record);
      return record;
    });
  }

  /** Throws file_not_found, also for files of other tenants. */
  find(tenant: string, id: string, param = "file_id"): FileRecord {
    const record = this.records.get(id);
    if (record?.tenant === tenant && !this.expiries.isOver(id)) return record;
    const message = `No such File object: ${id.slice(0, 64)}`;
    throw new VireoError("file_not_found", message, { param });
  }

  /** In order of creation. */
  list(tenant: string): FileRecord[] {
    return this.ofTenant(tenant).filter(({ id }) => !this.expiries.isOver(id));
  }

  /** The whole content. The caller must not change it. */
  async read(record: FileRecord): Promise<Uint8Array> {
    const held = this.contents.get(record)?.deref();
    if (held) return held;
    const bytes = await readFile(this.blobPath(record.sha256));
    this.contents.set(record, new WeakRef(bytes));
    return bytes;
  }

  /** The content as a stream. It stays readable if the file is removed meanwhile. */
  async stream({ sha256 }: FileRecord): Promise<Readable> {
    const handle = await open(this.blobPath(sha256));
    return handle.createReadStream();
  }

  /** Throws file_not_found. */
  async remove(tenant: string, id: string): Promise<void> {
    this.find(tenant, id, "id");
    await this.drop(id);
  }

  /** Removes expired files and uploads. Runs once a minute. */
  async sweep(): Promise<void> {
    const old = [...this.records.keys()].filter((id) => this.expiries.isRemovable(id));
    for (const id of old) await this.drop(id);
    await this.uploads.sweep();
  }

  async close(): Promise<void> {
    clearInterval(this.sweeping);
    await this.last;
    await this.unlock();
  }

  private now(): number {
    return (this.options.now ?? Date.now)();
  }

  private blobPath(sha256: string): string {
    return join(this.options.folder, "blobs", sha256);
  }

  private recordPath(id: string): string {
    return join(this.options.folder, "records", `${id}.json`);
  }

  private ofTenant(tenant: string): FileRecord[] {
    return [...this.records.values()].filter((record) => record.tenant === tenant);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => {});
    return done;
  }

  private add(record: FileRecord): void {
    this.records.set(record.id, record);
    this.blobs.get(record.sha256)!.records += 1;
  }

  /** Deletes the record first: a blob without a record is removed at the next start. */
  private drop(id: string): Promise<void> {
    return this.inTurn(async () => {
      const record = this.records.get(id);
      if (record === undefined) return;
      await rm(this.recordPath(id), { force: true });
      this.records.delete(id);
      this.expiries.forget(id);
      this.ledger.addTo(record.tenant, -record.bytes);
      const blob = this.blobs.get(record.sha256)!;
      blob.records -= 1;
      if (blob.records > 0) return;
      await rm(this.blobPath(record.sha256), { force: true });
      this.blobs.delete(record.sha256);
      this.ledger.addToDisk(-record.bytes);
    });
  }

  /** Loads the records of an earlier process whose blobs are complete; removes the rest. */
  private async load(): Promise<void> {
    const { folder } = this.options;
    const sizes = new Map<string, number>();
    for (const name of await readdir(join(folder, "blobs"))) {
      sizes.set(name, (await stat(join(folder, "blobs", name))).size);
    }
    for (const record of await readRecords(join(folder, "records"))) {
      const { sha256, bytes, tenant } = record;
      if (sizes.get(sha256) !== bytes) {
        await rm(this.recordPath(record.id), { force: true });
        continue;
      }
      if (!this.blobs.has(sha256)) {
        this.blobs.set(sha256, { bytes, records: 0 });
        this.ledger.addToDisk(bytes);
      }
      this.expiries.resume(record.id, record.expiresMs, this.options.ttlSeconds * 1000);
      this.add(record);
      this.ledger.addTo(tenant, bytes);
    }
    for (const name of sizes.keys()) {
      if (!this.blobs.has(name)) await rm(this.blobPath(name), { recursive: true, force: true });
    }
    await this.uploads.load();
    await this.sweep();
  }
}
