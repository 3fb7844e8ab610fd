import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isRunning } from "../../tests/fixtures/processes.ts";
import { type ChildProgram, PROGRAM_PATH, runProgram } from "./program.ts";

const run = (command: string[], options: Partial<ChildProgram> = {}) =>
  runProgram({ command, path: PROGRAM_PATH, timeMs: 10_000, ...options });

test("tells the exit status, what was written and what was said", async () => {
  const written: string[] = [];
  const said: string[] = [];
  const status = await run(["sh", "-c", "echo a; echo b >&2; exit 3"], {
    onOutput: (chunk) => written.push(String(chunk)) > 0,
    onLine: (line) => said.push(line),
  });
  expect([status, written.join(""), said.join("")]).toEqual([3, "a\n", "b"]);
});

test("gives nothing of this process's environment away", async () => {
  let written = "";
  await run(["env"], {
    onOutput: (chunk) => {
      written += String(chunk);
      return true;
    },
  });
  const names = written.trim().split("\n");
  expect(names.map((line) => line.split("=")[0]).sort()).toEqual(["LC_ALL", "PATH"]);
});

test("a program that does not exist", async () => {
  await expect(run(["no-such-program"])).rejects.toMatchObject({ code: "ENOENT" });
});

test("ends when its time is over, when nobody wants it and when nobody listens", async () => {
  const begun = performance.now();
  expect(await run(["sleep", "9"], { timeMs: 50 })).toBeUndefined();
  const signal = AbortSignal.timeout(50);
  await expect(run(["sleep", "9"], { signal })).rejects.toThrow(/timeout/);
  await expect(run(["sleep", "9"], { signal })).rejects.toThrow(/timeout/);
  expect(await run(["yes"], { onOutput: () => false })).toBeUndefined();
  const onOutput = (): boolean => {
    throw new Error("enough");
  };
  await expect(run(["yes"], { onOutput })).rejects.toThrow("enough");
  expect(performance.now() - begun).toBeLessThan(5000);
});

/** Runs a shell script that prints the ids of processes that it starts; returns these ids. */
async function pidsOf(script: string, options: Partial<ChildProgram> = {}): Promise<number[]> {
  let written = "";
  await run(["sh", "-c", script], {
    ...options,
    onOutput: (chunk) => {
      written += String(chunk);
      return true;
    },
  });
  const pids = written.trim().split(/\s+/).map(Number);
  expect(pids.every((pid) => pid > 1)).toBe(true);
  return pids;
}

/** Keeps the pipes open for longer than any test lasts. */
const SLEEPER = "sleep 300";

describe("children of the program", () => {
  test.each([
    ["in its group", `${SLEEPER} & echo $!; ${SLEEPER}`],
    ["that ignores SIGTERM", `trap '' TERM; ${SLEEPER} & echo $!; wait; wait`],
    ["of a child", `sh -c '${SLEEPER} & echo $!; ${SLEEPER}' & wait`],
  ])("one %s is killed at the deadline and delays nothing", async (_, script) => {
    const [pid] = await pidsOf(script, { timeMs: 300 });
    await expect.poll(() => isRunning(pid!)).toBe(false);
  });

  test("one that holds the pipes does not outlive the program", async () => {
    const [pid] = await pidsOf(`${SLEEPER} & echo $!`);
    await expect.poll(() => isRunning(pid!)).toBe(false);
  });

  test.each([
    ["ends", `setsid ${SLEEPER} & echo $!`, 60_000],
    ["is stopped", `setsid ${SLEEPER} & echo $!; ${SLEEPER}`, 300],
  ])("one outside the group that holds the pipes: it %s", async (_, script, timeMs) => {
    const [pid] = await pidsOf(script, { timeMs });
    if (isRunning(pid!)) process.kill(pid!, "SIGKILL");
  });
});

test("a slow reader gets all output of a program that has ended", async () => {
  let bytes = 0;
  const status = await run(["head", "-c", "400000", "/dev/zero"], {
    onOutput: async (chunk) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      bytes += chunk.length;
      return true;
    },
  });
  expect([status, bytes]).toEqual([0, 400_000]);
});

test("a program that cannot be executed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vireo-program-"));
  const program = join(folder, "program");
  writeFileSync(program, "#!/bin/sh\n", { mode: 0o644 });
  await expect(run([program])).rejects.toMatchObject({ code: "EACCES" });
  rmSync(folder, { recursive: true });
});
