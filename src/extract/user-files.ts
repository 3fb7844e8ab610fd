import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { VireoError } from "../core/errors.ts";

/** Writes a temporary file, syncs and renames it, so that readers see all of it or nothing. */
export async function writeAtomically(
  path: string,
  parts: AsyncIterable<string | Buffer> | Iterable<string | Buffer>,
): Promise<void> {
  const aside = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  const handle = await open(aside, "w");
  try {
    for await (const part of parts) await handle.writeFile(part);
    await handle.sync();
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(aside, path);
}

const FILE_REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "it is not allowed",
  EPERM: "it is not allowed",
  ENOTDIR: "a part of the path is no folder",
  ENOSPC: "the disk is full",
  EROFS: "the disk can only be read",
};

/** Throws invalid_option with the system's reason for a file that the user named. */
export function refuse(what: "read" | "write", path: string, cause: unknown): never {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
  const message = `cannot ${what} ${path}: ${FILE_REASONS[code] ?? code}`;
  throw new VireoError("invalid_option", message, { cause });
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

/** Writes a file atomically. Throws invalid_option with a reason. */
export async function writeUserFile(path: string, text: string): Promise<void> {
  try {
    await writeAtomically(path, [text]);
  } catch (cause) {
    refuse("write", path, cause);
  }
}
