// Collections and their search, as a user of the command line meets them.

import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SearchResult } from "../../src/retrieval/search.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const MAIN = join(ROOT, "dist", "cli", "main.js");
const run = promisify(execFile);

let folder = "";
let documents = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vireo-search-"));
  documents = join(folder, "documents");
  mkdirSync(documents);
  cpSync(join(ROOT, "web", "src", "samples", "document.pdf"), join(documents, "invoice.pdf"));
  writeFileSync(join(documents, "note.txt"), "The paper for Weber comes on 2025-07-01.");
});
afterAll(() => rmSync(folder, { recursive: true }));

async function vireo(...args: string[]) {
  return await run(process.execPath, [MAIN, ...args, "--collections", join(folder, "all")]);
}

async function search(query: string): Promise<SearchResult> {
  return JSON.parse((await vireo("search", query, "--json")).stdout) as SearchResult;
}

test("a folder is added, searched, changed and removed", async () => {
  await vireo("index", "add", documents);
  const { hits } = await search("Weber Paper Ltd");
  expect(hits[0]).toMatchObject({ page: 1, names: [join(documents, "invoice.pdf")] });
  expect(hits[0]?.channels).toEqual({ words: 1 });
  expect((await search("1.7.2025")).hits[0]?.names).toEqual([join(documents, "note.txt")]);
  const { stderr } = await vireo("index", "add", documents);
  expect(stderr).toContain("2 files: 0 read");
  rmSync(join(documents, "note.txt"));
  await vireo("index", "add", documents);
  await expect(search("1.7.2025")).rejects.toMatchObject({ code: 1 });
  expect((await vireo("index", "verify")).stdout).toBe("no problem found\n");
  await vireo("index", "compact");
  const { stdout } = await vireo("index", "status");
  expect(stdout).toMatch(/^ready {3}\d+ pages? {2}.*invoice\.pdf\n$/);
  expect((await vireo("index", "remove", documents)).stdout).toContain("1 files removed");
}, 60_000);

test.each([
  [["search", "x", "--collection", "none"], "there is no collection named none; make it by"],
  [["search", "x", "--collection", "../x"], "It must have up to 64 letters"],
])("vireo %j says what to do", async (args, message) => {
  await expect(vireo(...args)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(message),
  });
});
