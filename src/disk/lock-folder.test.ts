import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lockFolder } from "./lock-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "vireo-lock-"));
const path = join(folder, "lock");
const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 60000)"]);
const refusal = (pid: number): Error => new Error(`used by ${pid}`);
let start = "";

beforeAll(() => {
  const status = readFileSync(`/proc/${other.pid}/stat`, "utf8");
  start = status.slice(status.lastIndexOf(")") + 2).split(" ")[19]!;
});

afterAll(() => {
  other.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

test("a living process keeps its lock, with its start time and without", async () => {
  for (const name of [`${other.pid} ${start}`, String(other.pid)]) {
    writeFileSync(path, name);
    await expect(lockFolder(folder, refusal)).rejects.toThrow(`used by ${other.pid}`);
  }
});

test("a lock of a reused id, an ended process or no process is taken over", async () => {
  for (const name of [`${other.pid} ${Number(start) + 1}`, "4194305 1", "", "?"]) {
    writeFileSync(path, name);
    const unlock = await lockFolder(folder, refusal);
    expect(readFileSync(path, "utf8")).toMatch(new RegExp(`^${process.pid} \\d+$`));
    await unlock();
    expect(readdirSync(folder)).toEqual([]);
  }
});

test("unlocking leaves the lock of the process that took it over", async () => {
  const unlock = await lockFolder(folder, refusal);
  writeFileSync(path, `${other.pid} ${start}`);
  await unlock();
  expect(readdirSync(folder)).toEqual(["lock"]);
});
