// `vireo extract` as a process that is killed in the middle and started again.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pdf } from "../fixtures/pdf-files.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const SCHEMA = {
  type: "object",
  properties: { kind: { enum: ["invoice", "letter"] }, note: { type: "string", maxLength: 8 } },
  required: ["kind", "note"],
};

let folder: string;
let child: ChildProcess | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vireo-extract-"));
  await cp(join(ROOT, "models/tiny"), join(folder, "model"), { recursive: true });
  await writeFile(join(folder, "schema.json"), JSON.stringify(SCHEMA));
  await mkdir(join(folder, "scans"));
  for (let index = 0; index < 4; index++) {
    const file = pdf([{ lines: [`letter ${index}`] }, { lines: ["more"] }]);
    await writeFile(join(folder, "scans", `${index}.pdf`), file);
  }
});
afterAll(async () => {
  child?.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

function start(out: string, ...more: string[]): ChildProcess {
  const files = [join(ROOT, "dist/cli/main.js"), "extract", join(folder, "scans")];
  const what = ["--schema", join(folder, "schema.json"), "--model", join(folder, "model")];
  const args = [...files, ...what, "--max-tiles", "1", "--threads", "1", "--out", out, ...more];
  child = spawn(process.execPath, args, { stdio: "ignore" });
  return child;
}

async function finished(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith(".json") && !name.startsWith("."));
}

test("kill -9 loses nothing, and nothing is done twice", async () => {
  const out = join(folder, "out");
  const documents = join(out, "documents");
  const first = start(out, "--concurrency", "1");
  while ((await finished(documents)).length < 1 && first.exitCode === null) await sleep(5);
  first.kill("SIGKILL");
  if (first.exitCode === null && first.signalCode === null) await once(first, "exit");
  const before = await finished(documents);
  expect(before.length).toBeGreaterThanOrEqual(1);
  const times = await Promise.all(before.map((name) => stat(join(documents, name))));

  const [status] = (await once(start(out), "exit")) as [number];
  expect(status).toBe(0);
  const after = await Promise.all(before.map((name) => stat(join(documents, name))));
  expect(after.map(({ mtimeMs }) => mtimeMs)).toEqual(times.map(({ mtimeMs }) => mtimeMs));

  const whole = join(folder, "whole.jsonl");
  await once(start(whole), "exit");
  const results = await readFile(join(out, "results.jsonl"), "utf8");
  expect(results).toBe(await readFile(whole, "utf8"));
  const lines = results.trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).pages.length)).toEqual([2, 2, 2, 2]);
});
