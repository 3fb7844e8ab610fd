import { type ChildProcess, spawn } from "node:child_process";

const ROOT = new URL("../..", import.meta.url).pathname;

export interface SpawnedServer {
  readonly child: ChildProcess;
  readonly url: string;
  /** Everything that it has written so far. */
  readonly log: () => string;
}

export interface SpawnOptions {
  readonly cwd?: string;
  readonly nodeFlags?: readonly string[];
  /** Besides the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `vireo serve` with models/tiny on any free port and waits until it is ready. */
export async function spawnServer(
  flags: readonly string[],
  { cwd = ROOT, nodeFlags = [], env = {} }: SpawnOptions = {},
): Promise<SpawnedServer> {
  const serve = ["serve", "--model", `${ROOT}models/tiny`, "--port", "0", ...flags];
  const child = spawn(process.execPath, [...nodeFlags, `${ROOT}dist/cli/main.js`, ...serve], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const url = await new Promise<string>((resolve, reject) => {
    const read = (piece: Buffer): void => {
      text += piece.toString();
      const address = /ready at (http:\S+)/.exec(text)?.[1];
      if (address !== undefined) resolve(address);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("close", () => reject(new Error(text)));
  });
  return { child, url, log: () => text };
}
