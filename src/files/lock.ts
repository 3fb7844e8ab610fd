import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VireoError } from "../core/errors.ts";

/**
 * Locks a folder for this process: two servers that count the same files separately would delete
 * each other's. The lock names the process by its id and, where available, its start time, because
 * ids are reused. A lock of a process that has ended is taken over.
 *
 * Resolves to the function that unlocks. Throws invalid_option if another process has the lock.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, "lock");
  const own = await nameOf(process.pid);
  const owner = await readFile(path, "utf8").catch(() => "");
  const pid = Number(owner.split(" ")[0]);
  if (owner !== own && isAlive(pid) && (await nameOf(pid)) === owner) {
    const message =
      `the folder for files ${folder} is used by another server (process ${pid}); ` +
      "stop that one, or give --files another folder";
    throw new VireoError("invalid_option", message, { param: "files" });
  }
  await writeFile(path, own, { mode: 0o600 });
  return async () => {
    const now = await readFile(path, "utf8").catch(() => "");
    if (now === own) await rm(path, { force: true });
  };
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** For example "1234 56789": process id and start time from /proc, if the system has it. */
async function nameOf(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
  return `${pid} ${fields[19] ?? ""}`.trim();
}
