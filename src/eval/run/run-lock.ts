import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { VireoError } from "../../core/errors.ts";

/**
 * Locks the folder of a run for this process, because two writers would answer items twice. The
 * lock of a process that has ended is taken over.
 *
 * Resolves to the function that unlocks. Throws invalid_option if another process has the lock.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, "lock");
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const owner = Number(await readFile(path, "utf8").catch(() => ""));
      if (isAlive(owner)) throw locked(folder, owner);
      await rm(path, { force: true });
    }
  }
  throw locked(folder, 0);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function locked(folder: string, pid: number): VireoError {
  const message = `${folder} is being written by process ${pid}; wait, or give another --out`;
  return new VireoError("invalid_option", message, { param: "out" });
}
