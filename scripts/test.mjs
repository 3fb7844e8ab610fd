// npm test: everything that the tests need, then the tests. System packages that are missing are
// installed where that needs no password; elsewhere the tests that need them are skipped, each
// program with one line that says how to install it.
//   npm test [-- vitest's arguments]
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installCommand, installMissing, PROGRAMS } from "./system-packages.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const say = (text) => process.stderr.write(`setup: ${text}\n`);

const missing = installMissing(["compiler", "ffmpeg", "chromium"], say);
const setup = spawnSync(process.execPath, [join(root, "scripts", "setup.mjs")], {
  stdio: "inherit",
});
if (setup.status !== 0) process.exit(setup.status ?? 1);
for (const key of missing) {
  say(`tests that need ${PROGRAMS[key].title} are skipped; ${installCommand([key])} turns them on`);
}
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, VIREO_TESTS_WITHOUT: missing.join(",") },
});
process.exitCode = status ?? 1;
