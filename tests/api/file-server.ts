import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { FileStore } from "../../src/files/store.ts";
import { hashKey, type KeyRing } from "../../src/limits/keys.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { openTiny } from "../engine/asking.ts";

/** How long a busy machine may take. */
export const SOON = { timeout: 20_000 };
export const HOUR = 3600;
export const SIZES = {
  quotaBytes: 3_000_000,
  tenantQuotaBytes: 1_000_000,
  ttlSeconds: 24 * HOUR,
};

/** The key `sk-NAME` belongs to the tenant NAME. */
const keys: KeyRing = {
  find: (key) => ({ name: key.slice(3), sha256: hashKey(key), createdUnix: 0, limits: {} }),
  limitsOf: () => ({}),
};

/** A server with models/tiny, a folder for files, and a clock that the test sets. */
export class FileServer {
  engine!: Engine;
  folder!: string;
  store!: FileStore;
  server!: Listening;
  nowMs = Date.UTC(2026, 0, 1);
  clock = (): number => this.nowMs;

  /** A server for all tests of a file: open during them, and emptied before each. */
  static forTests(): FileServer {
    const server = new FileServer();
    beforeAll(() => server.open());
    afterAll(() => server.close());
    beforeEach(() => server.reset());
    return server;
  }

  private async open(): Promise<void> {
    this.engine = await openTiny({ maxSequences: 4 });
    this.folder = await mkdtemp(join(tmpdir(), "vireo-files-"));
    await this.start();
  }

  async start(): Promise<void> {
    const { engine: upstream, folder } = this;
    this.store = await FileStore.open({ ...SIZES, folder, now: () => this.clock() });
    const address = { host: "127.0.0.1", port: 0 };
    this.server = await listen({ upstream, files: this.store, keys, log: silentLog, ...address });
  }

  async stop(): Promise<void> {
    await this.server.close(100);
    await this.store.close();
  }

  private async close(): Promise<void> {
    await this.stop();
    await this.engine.close();
    await rm(this.folder, { recursive: true });
  }

  /** Removes the files of ann and bob, and returns to the clock that tests set. */
  private async reset(): Promise<void> {
    this.clock = () => this.nowMs;
    for (const tenant of ["ann", "bob"]) {
      for (const { id } of this.store.list(tenant)) await this.store.remove(tenant, id);
    }
  }

  client(tenant: string): OpenAI {
    const baseURL = `${this.server.url}/v1`;
    return new OpenAI({ baseURL, apiKey: `sk-${tenant}`, maxRetries: 0 });
  }

  async upload(tenant: string, bytes: Uint8Array, filename = "a.bin"): Promise<OpenAI.FileObject> {
    const file = await toFile(bytes, filename);
    return await this.client(tenant).files.create({ file, purpose: "user_data" });
  }

  /** The names in a subfolder of the store. */
  async inFolder(name: string): Promise<string[]> {
    return await readdir(join(this.folder, name));
  }
}
