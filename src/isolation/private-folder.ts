import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive } from "../core/is-alive.ts";

const NAME = /^vireo-engine-(\d+)-/;

/**
 * Creates a folder for temporary files that only this process's user can read, and removes those
 * of earlier processes that were killed.
 */
export async function makePrivateFolder(): Promise<string> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(NAME.exec(name)?.[1]);
    if (Number.isNaN(pid) || pid === process.pid || isAlive(pid)) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
  const folder = await mkdtemp(join(tmpdir(), `vireo-engine-${process.pid}-`));
  await mkdir(join(folder, "media"), { mode: 0o700 });
  return folder;
}
