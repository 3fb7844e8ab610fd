// Folders of runs on the command line of `vireo eval`, written as people write them.

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const run = promisify(execFile);

let cwd = "";
const vireo = async (...args: string[]) => await run(process.execPath, [MAIN, ...args], { cwd });

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), "vireo-eval-folders-"));
  const small = ["--limit", "2", "--max-tokens", "4"];
  for (const out of ["a", "b"]) await vireo("eval", "run", "pages/docvqa", ...small, "-o", out);
  await vireo("eval", "run", "pages/chartqa", ...small, "-o", "c");
});
afterAll(() => rmSync(cwd, { recursive: true }));

test.each(["a", "a/", "./a", "a/docvqa"])("runs in %s are compared with those in b", async (a) => {
  const b = a.endsWith("docvqa") ? "b/docvqa" : "./b";
  const { stdout } = await vireo("eval", "compare", a, b);
  expect(stdout).toMatch(/docvqa.*cannot be told apart/);
  rmSync(join(cwd, "a", "docvqa", "comparison.html"), { force: true });
  await vireo("eval", "report", a, "--against", b);
  expect(existsSync(join(cwd, "a", "docvqa", "comparison.html"))).toBe(true);
});

test("folders without a common benchmark are refused", async () => {
  const report = vireo("eval", "report", "a", "--against", "c");
  await expect(report).rejects.toThrow(/a and c have no benchmark in common/);
});
