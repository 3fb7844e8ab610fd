import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const ROOT = new URL("../..", import.meta.url).pathname;

export interface ServeProcess {
  readonly child: ChildProcess;
  /** The address once the server is ready; rejects with its output if it ends earlier. */
  readonly url: Promise<string>;
}

/** Starts `vireo serve` on a free port. The caller must kill it. */
export function serveProcess(model: string, ...more: readonly string[]): ServeProcess {
  return vireoProcess("serve", "--model", model, "--port", "0", ...more);
}

/** Starts a command of vireo that serves. The caller must kill it. */
export function vireoProcess(...command: readonly string[]): ServeProcess {
  const args = [join(ROOT, "dist/cli/main.js"), ...command];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const url = new Promise<string>((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (text) => {
      said += text;
      const found = /ready at (http:\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
    child.once("close", () => reject(new Error(said)));
  });
  return { child, url };
}
