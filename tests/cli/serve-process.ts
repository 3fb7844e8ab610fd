import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const ROOT = new URL("../..", import.meta.url).pathname;

export interface ServeProcess {
  readonly child: ChildProcess;
  /** The address once the server is ready; rejects with its output if it ends earlier. */
  readonly url: Promise<string>;
  /** Everything that it has written so far. */
  readonly log: () => string;
}

export interface ProcessOptions {
  readonly cwd?: string;
  readonly nodeFlags?: readonly string[];
  /** Besides the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `vireo serve` on a free port. The caller must kill it. */
export function serveProcess(model: string, ...more: readonly string[]): ServeProcess {
  return vireoProcess(["serve", "--model", model, "--port", "0", ...more]);
}

/** Starts a command of vireo that serves. The caller must kill it. */
export function vireoProcess(
  command: readonly string[],
  { cwd, nodeFlags = [], env = {} }: ProcessOptions = {},
): ServeProcess {
  const args = [...nodeFlags, join(ROOT, "dist/cli/main.js"), ...command];
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const url = new Promise<string>((resolve, reject) => {
    const read = (text: Buffer): void => {
      said += text.toString();
      const found = /ready at (http:\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("close", () => reject(new Error(said)));
  });
  return { child, url, log: () => said };
}
