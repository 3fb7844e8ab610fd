import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Written beside its place, synced and renamed: whoever looks sees all of it or nothing. */
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
