import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { VireoError } from "../core/errors.ts";

/**
 * Writes a temporary file, syncs and renames it, so that readers see all of it or nothing.
 *
 * Throws what the parts throw, and storage_unavailable or invalid_option with the reason.
 */
export async function writeAtomically(
  path: string,
  parts: AsyncIterable<string | Buffer> | Iterable<string | Buffer>,
): Promise<void> {
  const aside = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  const handle = await open(aside, "w").catch((cause) => refuse("write", path, cause));
  try {
    for await (const part of parts) {
      await handle.writeFile(part).catch((cause) => refuse("write", path, cause));
    }
    await handle.sync().catch((cause) => refuse("write", path, cause));
    await handle.close();
    await rename(aside, path).catch((cause) => refuse("write", path, cause));
  } catch (error) {
    await handle.close().catch(() => {}); // it may be closed already
    await rm(aside, { force: true });
    throw error;
  }
}

const FILE_REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "it is not allowed",
  EPERM: "it is not allowed",
  ENOTDIR: "a part of the path is no folder",
  ENOSPC: "the disk is full",
  EDQUOT: "the quota of the disk is used up",
  EFBIG: "the limit of a file is reached",
  EROFS: "the disk can only be read",
  EIO: "the disk has failed",
  EMFILE: "too many files are open",
};

/** Errors of the disk, which affect every file. */
const DISK_CODES: readonly string[] = ["ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO"];

/**
 * Throws an error with the system's reason for a file that the user named: storage_unavailable for
 * the disk, else invalid_option.
 */
export function refuse(what: "read" | "write", path: string, cause: unknown): never {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
  const message = `cannot ${what} ${path}: ${FILE_REASONS[code] ?? code}`;
  const kind = DISK_CODES.includes(code) ? "storage_unavailable" : "invalid_option";
  throw new VireoError(kind, message, { cause });
}

/** Reads a file that the user named. Throws media_too_large, and invalid_option with a reason. */
export async function readUserFile(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) {
      const text = `${path} has ${size} bytes; the limit is ${maxBytes}`;
      throw new VireoError("media_too_large", text);
    }
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof VireoError) throw cause;
    return refuse("read", path, cause);
  }
}

/** Writes a file atomically. Throws storage_unavailable or invalid_option with a reason. */
export async function writeUserFile(path: string, text: string): Promise<void> {
  await writeAtomically(path, [text]);
}
