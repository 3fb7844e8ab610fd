import { createHash, randomBytes } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { VireoError } from "../core/errors.ts";
import type { Reservation } from "./ledger.ts";

export interface DraftOptions {
  readonly folder: string;
  /** Counts the bytes. The file releases it, unless an upload owns it. */
  readonly reservation: Reservation;
  readonly isOwned?: boolean;
  readonly tenant: string;
  readonly maxBytes: number;
}

export interface Written {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/**
 * A file that is being written. Its bytes are counted in the ledger as they arrive, and `discard`
 * frees them.
 */
export class PartialFile {
  readonly path: string;
  readonly tenant: string;
  private readonly options: DraftOptions;
  private readonly handle: FileHandle;
  private readonly hash = createHash("sha256");
  private bytes = 0;
  private open = true;

  private constructor(options: DraftOptions, path: string, handle: FileHandle) {
    this.options = options;
    this.tenant = options.tenant;
    this.path = path;
    this.handle = handle;
  }

  static async open(options: DraftOptions): Promise<PartialFile> {
    const path = join(options.folder, `${randomBytes(16).toString("hex")}.tmp`);
    try {
      return new PartialFile(options, path, await open(path, "wx", 0o600));
    } catch (error) {
      if (!options.isOwned) options.reservation.release();
      throw error;
    }
  }

  /** Throws media_too_large and storage_full, and the system's error if the disk is full. */
  async write(chunk: Uint8Array): Promise<void> {
    const { reservation, maxBytes: limit } = this.options;
    if (this.bytes + chunk.length > limit) {
      const message = `the file has more than ${limit} bytes, which is the limit`;
      throw new VireoError("media_too_large", message, { metadata: { limit } });
    }
    reservation.add(chunk.length);
    this.bytes += chunk.length;
    this.hash.update(chunk);
    await this.handle.appendFile(chunk);
  }

  /** Syncs and closes the file. Afterwards it is renamed or discarded. */
  async finish(): Promise<Written> {
    await this.handle.sync();
    await this.close();
    return { path: this.path, sha256: this.hash.digest("hex"), bytes: this.bytes };
  }

  /** Transfers its bytes in the ledger to the stored file; `discard` then frees none. */
  handOver(): void {
    this.bytes = 0;
  }

  /** Deletes the file and frees its bytes. A stored file that it became is not affected. */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true });
    this.options.reservation.remove(this.bytes);
    this.bytes = 0;
    if (!this.options.isOwned) this.options.reservation.release();
  }

  private async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.handle.close();
  }
}
