import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

// A fixed number of cases of every fuzz target. Longer runs: npm run fuzz -- TARGET SECONDS

const run = promisify(execFile);
const CASES = "300";

test("inputs like those that strangers send are accepted or refused in words", async () => {
  const out = await mkdtemp(join(tmpdir(), "vireo-fuzz-test-"));
  try {
    const options = ["all", "--cases", CASES, "--out", out];
    const { stdout } = await run("node", ["scripts/fuzz.mjs", ...options]).catch(
      (error: { readonly stdout: string }) => error,
    );
    const { stdout: list } = await run("node", ["scripts/fuzz.mjs", "list"]);
    const faultless = stdout.split("\n").filter((line) => line.endsWith(" 0 faults"));
    expect(faultless.map((line) => line.split(":")[0])).toEqual(list.trim().split("\n"));
  } finally {
    await rm(out, { recursive: true });
  }
});

test("an unknown target is named, with the way to the list", async () => {
  const nothing = run("node", ["scripts/fuzz.mjs", "nothing"]);
  await expect(nothing).rejects.toThrow("npm run fuzz -- list");
});

test("every folder of seeds belongs to a target or a group of targets", async () => {
  const { stdout: list } = await run("node", ["scripts/fuzz.mjs", "list"]);
  const groups = (await readdir("scripts/fuzz/targets")).map((file) => file.replace(".mjs", ""));
  const names = [...list.trim().split("\n"), ...groups];
  for (const folder of await readdir("tests/fuzz/seeds")) expect(names).toContain(folder);
});
