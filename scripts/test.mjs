// npm test: sets up everything that the tests need, then runs them. Missing system programs are
// installed if that needs no password. Otherwise vitest.config.ts skips the tests that need them
// and prints what to install.
//   npm test [-- vitest's arguments]
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installMissing } from "./system-packages.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const log = (text) => process.stderr.write(`setup: ${text}\n`);

installMissing(["compiler", "ffmpeg", "chromium", "curl"], log);
const setup = spawnSync(process.execPath, [join(root, "scripts", "setup.mjs")], {
  stdio: "inherit",
});
if (setup.status !== 0) process.exit(setup.status ?? 1);
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = status ?? 1;
