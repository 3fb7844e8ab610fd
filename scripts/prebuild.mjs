// Builds the addons that ship in the package, so that users need no compiler: one for every target
// whose compiler is installed. Like Node.js itself, the addons need glibc and libstdc++. Built on
// Debian 12, they load with glibc 2.34 and the libstdc++ of GCC 12, or newer.
//   node scripts/prebuild.mjs [--require-all]

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, isNewEnough } from "./build-native.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * musl is missing because Debian has no C++ cross compiler for it (musl-gcc compiles C only). On
 * musl and on every other platform, `vireo setup` builds the addon with the local compiler.
 */
const TARGETS = [
  { name: "linux-x64-glibc", arch: "x64", compilers: ["x86_64-linux-gnu-g++", "c++"] },
  { name: "linux-arm64-glibc", arch: "arm64", compilers: ["aarch64-linux-gnu-g++", "c++"] },
];

/** Tells whether the compiler runs here and makes glibc programs for the architecture. */
function targets(compiler, arch) {
  const { status, stdout } = spawnSync(compiler, ["-dumpmachine"], { encoding: "utf8" });
  const machine = arch === "x64" ? "x86_64" : "aarch64";
  return status === 0 && stdout.startsWith(`${machine}-`) && stdout.trim().endsWith("-gnu");
}

const missing = [];
mkdirSync(join(root, "prebuilds"), { recursive: true });
for (const { name, arch, compilers } of TARGETS) {
  const compiler = compilers.find((c) => targets(c, arch) && isNewEnough(c, arch));
  if (compiler === undefined) {
    missing.push(name);
    console.error(`prebuild: no compiler for ${name} (${compilers.join(" or ")}); left out`);
    continue;
  }
  const link = ["-Wl,--strip-debug"];
  const addon = await build({ compiler, arch, folder: `prebuild-${name}`, link });
  const file = join(root, "prebuilds", `${name}.node`);
  copyFileSync(addon, `${file}.new`);
  renameSync(`${file}.new`, file);
  console.error(`prebuild: prebuilds/${name}.node`);
}
if (missing.length > 0 && process.argv.includes("--require-all")) process.exitCode = 1;
