// Every command's --help, as a user reads it.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const run = promisify(execFile);

const COMMANDS = [
  "ask",
  "extract",
  "video",
  "index",
  "search",
  "tokens",
  "serve",
  "keys",
  "config",
  "byok",
  "chaos",
  "inspect",
  "quantize",
  "bench",
  "golden",
];

describe("--help of a command", () => {
  test.each(COMMANDS)("%s describes the command and shows an example", async (name) => {
    const { stdout } = await run(process.execPath, [MAIN, name, "--help"]);
    expect(stdout).toContain(`Usage: vireo ${name}`);
    expect(stdout).toMatch(new RegExp(`Examples:\\n(  .*\\n)*?  .*vireo ${name}`));
    const examples = stdout.slice(stdout.indexOf("Examples:"));
    expect(examples.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });

  test("the list names every command", async () => {
    const { stdout } = await run(process.execPath, [MAIN, "--help"]);
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, "m"));
  });
});

test.each([
  [["bench", "--only", "kernels,toys"], "Each name must be one of kernels"],
  [["bench", "--threads", "1,none"], "It must be a whole number from 1 on"],
  [["bench", "--evs", "1"], "It must be from 0 to 0.999"],
  [["bench", "--peer", "."], "--peer needs --peer-scripts"],
  [["golden", "--precision", "double"], "Allowed choices are exact, bf16, both"],
  [["golden", "--speed"], "unknown option '--speed'"],
  [["byok", "add", "ann", "far", "--config", "no.yaml"], "vireo: cannot read no.yaml: ENOENT"],
  [["config", "check", "no.yaml"], "vireo: cannot read no.yaml: ENOENT"],
])("vireo %j fails with what was expected", async (args, message) => {
  const failure = run(process.execPath, [MAIN, ...args]);
  await expect(failure).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(message),
  });
});
