import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

export type TinyKind = "text" | "vl" | "rerank";

const SCRIPT = new URL("../../scripts/make-tiny-retrieval.mjs", import.meta.url).pathname;

/** A folder with a tiny retrieval model of that kind, removed after the file's tests. */
export function tinyRetrieval(): (kind: TinyKind) => string {
  const root = mkdtempSync(join(tmpdir(), "vireo-retrieval-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return (kind) => {
    const folder = join(root, kind);
    if (!existsSync(folder)) execFileSync(process.execPath, [SCRIPT, kind, folder]);
    return folder;
  };
}
