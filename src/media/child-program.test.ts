import { expect, test } from "vitest";
import { type ChildProgram, PROGRAM_PATH, runProgram } from "./child-program.ts";

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
