import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { isRunning } from "../../tests/fixtures/processes.ts";
import { findLauncher } from "./launcher.ts";
import { PROGRAM_PATH } from "./program.ts";

test("wrappers that do not work here are left out", async () => {
  const wrappers = [["no-such-wrapper"], ["env", "A=1"], ["false"]];
  const launcher = await findLauncher(wrappers, PROGRAM_PATH);
  expect(launcher.slice(0, 2)).toEqual(["env", "A=1"]);
  expect(launcher).not.toContain("false");
});

test("a program dies with the process that started it, where the system has setpriv", async () => {
  const launcher = await findLauncher([], PROGRAM_PATH);
  if (launcher.length === 0) return;
  const [program, ...args] = [...launcher, "sleep", "300"].map((word) => JSON.stringify(word));
  const script = `
    const { spawn } = require("node:child_process");
    const child = spawn(${program}, [${args}], { detached: true });
    setTimeout(() => console.log(child.pid), 200);
    setInterval(() => {}, 1000);
  `;
  const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  const pid = Number(await new Promise((resolve) => parent.stdout.once("data", resolve)));
  process.kill(pid, 0);
  parent.kill("SIGKILL");
  await expect.poll(() => isRunning(pid)).toBe(false);
});
