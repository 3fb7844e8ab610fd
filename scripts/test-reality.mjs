// Compares what vireo and other programs read in all files of tests/reality, and prints tables.

import { spawnSync } from "node:child_process";

const { status } = spawnSync("npx", ["vitest", "run", "tests/reality"], {
  stdio: "inherit",
  shell: process.platform === "win32",
  env: { ...process.env, VIREO_REALITY: "all" },
});
process.exit(status ?? 1);
