import { renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { VireoError } from "../core/errors.ts";

const CHECK_INTERVAL_MS = 1000;

/**
 * Reads a file now and again when it has changed, which is checked at most once a second. Returns
 * a function for the current state; while the file is damaged, that is the last valid one.
 *
 * read: throws for a damaged file. clock: milliseconds; by default the elapsed time, because a
 * clock that is set back must not stop the checks. Throws what the first read throws.
 */
export function followFile<T>(path: string, read: () => T, clock?: () => number): () => T {
  const elapsedMs = clock ?? (() => performance.now());
  let state = read();
  let version = versionOf(path);
  let checkedMs = elapsedMs();
  return () => {
    if (elapsedMs() - checkedMs < CHECK_INTERVAL_MS) return state;
    checkedMs = elapsedMs();
    try {
      const now = versionOf(path);
      if (now !== version) state = read();
      version = now;
    } catch {
      // being replaced, or damaged: the next check decides
    }
    return state;
  };
}

function versionOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "missing" : `${found.mtimeMs} ${found.size} ${found.ino}`;
}

/** Writes a list of keys atomically; only the owner may read the file. Throws invalid_option. */
export function writeKeyFile(path: string, keys: readonly object[]): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, `${JSON.stringify({ keys }, null, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(draft, path);
  } catch (cause) {
    rmSync(draft, { force: true });
    const reason = (cause as NodeJS.ErrnoException).code ?? "no reason";
    throw new VireoError("invalid_option", `cannot write ${path}: ${reason}`, { cause });
  }
}
