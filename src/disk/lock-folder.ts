import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "../core/is-alive.ts";

/**
 * Locks a folder for this process by a file that names it. The name is the process id and, where
 * the system tells it, the start time, because ids are reused. The lock of a process that has ended
 * is taken over.
 *
 * Resolves to the function that unlocks. Throws what `refusal` makes if another process, whose id
 * it gets, has the lock.
 */
export async function lockFolder(
  folder: string,
  refusal: (pid: number) => Error,
): Promise<() => Promise<void>> {
  const path = join(folder, "lock");
  const own = await nameOf(process.pid);
  while (true) {
    const owner = await readLock(path);
    const pid = await holderOf(owner, own);
    if (pid !== undefined) throw refusal(pid);
    try {
      // a new lock must not overwrite that of a process which came a moment earlier
      const flag = owner === undefined ? "wx" : "w";
      await writeFile(path, own, { mode: 0o600, flag });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  return async () => {
    if ((await readLock(path)) === own) await rm(path, { force: true });
  };
}

async function readLock(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

/** The id of the other living process that `owner` names; a name without a start time is its id. */
async function holderOf(owner: string | undefined, own: string): Promise<number | undefined> {
  if (owner === undefined || owner === own) return undefined;
  const [id, start] = owner.split(" ");
  const pid = Number(id);
  if (!isAlive(pid)) return undefined;
  if (start === undefined) return pid === process.pid ? undefined : pid;
  return (await nameOf(pid)) === owner ? pid : undefined;
}

/** For example "1234 56789": process id and start time from /proc, if the system has it. */
async function nameOf(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
  return `${pid} ${fields[19] ?? ""}`.trim();
}
