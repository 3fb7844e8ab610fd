// Compiles native/tests for 64-bit Arm and runs them under emulation.      npm run test:neon
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { buildNativeTests } from "./native-tests.mjs";

const compiler = process.env.CXX ?? "aarch64-linux-gnu-g++";
const emulator = "qemu-aarch64";
const libraries = "/usr/aarch64-linux-gnu";

const runs = (command) => spawnSync(command, ["--version"]).status === 0;
if (!runs(compiler) || !runs(emulator) || !existsSync(libraries)) {
  console.error(
    "test:neon needs a compiler for 64-bit Arm and an emulator. On Debian:\n" +
      "  apt-get install --no-install-recommends g++-aarch64-linux-gnu qemu-user",
  );
  process.exit(2);
}
const program = await buildNativeTests({ compiler, arch: "arm64", extra: ["-O2"], out: "neon" });
const { status, error } = spawnSync(emulator, ["-L", libraries, program], { stdio: "inherit" });
if (error) throw error;
process.exitCode = status ?? 1;
