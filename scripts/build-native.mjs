// Builds native/ into build/Release/vireo.node. Each source becomes one object, compiled with the
// flags of its instruction set, without link-time optimisation across sets. An object is compiled
// again only if its source, a header or the flags changed.
//   node scripts/build-native.mjs [--force]        CXX: the compiler, c++ by default
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const native = join(root, "native");

export const COMMON = [
  "-std=c++20",
  "-O3",
  "-g1",
  "-fPIC",
  "-fno-exceptions",
  "-fno-rtti",
  "-fvisibility=hidden",
  "-ffp-contract=off",
  "-Wall",
  "-Wextra",
];
const AVX512 = [
  "-mavx512f",
  "-mavx512bw",
  "-mavx512vl",
  "-mavx512dq",
  "-mavx512vnni",
  "-mfma",
  "-mf16c",
  "-Wno-maybe-uninitialized",
  "-Wno-uninitialized", // GCC 12 warns about its own intrinsics
];
const AMX = [...AVX512, "-mavx512bf16", "-mamx-tile", "-mamx-bf16", "-mamx-int8"];
const X64_ONLY = {
  "avx2.cpp": null,
  "avx512.cpp": null,
  "probe-avx512.cpp": null,
  "amx.cpp": null,
  "probe-amx.cpp": null,
};
/**
 * Flags of the files that are compiled for one instruction set; null leaves the file out. Other
 * architectures run the scalar kernels.
 */
const SETS = {
  x64: {
    "avx2.cpp": ["-mavx2", "-mfma", "-mf16c"],
    "avx512.cpp": AVX512,
    "probe-avx512.cpp": AVX512,
    "amx.cpp": AMX,
    "probe-amx.cpp": AMX,
    "neon.cpp": null,
  },
  arm64: { ...X64_ONLY, "neon.cpp": [] },
};
const NO_SETS = { ...X64_ONLY, "neon.cpp": null };

export function sources(arch = process.arch) {
  const list = (folder) => readdirSync(join(native, folder)).filter((f) => f.endsWith(".cpp"));
  const sets = SETS[arch] ?? NO_SETS;
  return [
    ...list(".").map((f) => ({ file: f, flags: [] })),
    ...list("kernels")
      .filter((f) => sets[f] !== null)
      .map((f) => ({ file: `kernels/${f}`, flags: sets[f] ?? [] })),
  ];
}

function nodeHeaders() {
  const own = join(dirname(dirname(process.execPath)), "include", "node");
  if (existsSync(join(own, "node_api.h"))) return own;
  return createRequire(import.meta.url)("node-api-headers").include_dir;
}

function headersHash() {
  const hash = createHash("sha256");
  for (const folder of [native, join(native, "kernels")]) {
    for (const f of readdirSync(folder).sort()) {
      if (/\.(h|inl)$/.test(f)) hash.update(readFileSync(join(folder, f)));
    }
  }
  return hash.digest("hex");
}

/** Tells whether the compiler supports C++20's waiting atomics and the flags of the kernels. */
export function isNewEnough(compiler, arch = process.arch) {
  const flags = sources(arch).flatMap((source) => source.flags);
  const args = ["-std=c++20", ...new Set(flags), "-x", "c++", "-fsyntax-only", "-"];
  const input = "#include <atomic>\nvoid wait(std::atomic<int>& a) { a.wait(0); }\n";
  return spawnSync(compiler, args, { input, stdio: ["pipe", "ignore", "ignore"] }).status === 0;
}

/**
 * Compiles the changed sources and links the addon. Returns its path.
 *
 * compiler: $CXX by default, else c++.
 * arch: the architecture that the compiler targets.
 * folder: below build/, for the objects and the addon.
 * link: extra linker flags.
 * force: compile every object again.
 */
export async function build({
  compiler = process.env.CXX ?? "c++",
  arch = process.arch,
  folder = "Release",
  link = [],
  force = false,
  log = console.error,
} = {}) {
  const out = join(root, "build", folder);
  const target = join(out, "vireo.node");
  mkdirSync(out, { recursive: true });
  const headers = headersHash();
  const version = execFileSync(compiler, ["--version"]).toString();
  const machine = execFileSync(compiler, ["-dumpmachine"]).toString();
  const run = promisify(execFile);
  const todo = [];
  const objects = [];
  for (const { file, flags } of sources(arch)) {
    const args = [...COMMON, ...flags, `-I${nodeHeaders()}`, "-DNODE_GYP_MODULE_NAME=vireo"];
    const key = createHash("sha256")
      .update(JSON.stringify([version, machine, args, headers]))
      .update(readFileSync(join(native, file)))
      .digest("hex");
    const object = join(out, `${file.replaceAll("/", "-")}.o`);
    objects.push(object);
    const stamp = `${object}.key`;
    if (!force && existsSync(object) && existsSync(stamp) && readFileSync(stamp, "utf8") === key)
      continue;
    todo.push({ file, args: [...args, "-c", join(native, file), "-o", object], stamp, key });
  }
  if (todo.length === 0 && existsSync(target)) return target;
  rmSync(target, { force: true }); // A failed link must not leave the old addon behind.
  log(`native: compiling ${todo.length} of ${objects.length} files with ${version.split("\n")[0]}`);
  let done = 0;
  const worker = async () => {
    for (let job = todo.shift(); job; job = todo.shift()) {
      const { stderr } = await run(compiler, job.args, { maxBuffer: 1 << 26 }).catch((error) => {
        throw new Error(`cannot compile native/${job.file}:\n${error.stderr ?? error.message}`);
      });
      if (stderr) log(stderr);
      writeFileSync(job.stamp, job.key);
      log(`native: ${++done} ${job.file}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(cpus().length, 8) }, worker));
  const kind =
    process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];
  await run(compiler, [...kind, ...link, "-pthread", ...objects, "-o", `${target}.new`]);
  renameSync(`${target}.new`, target);
  log(`native: ${target.slice(root.length + 1)} is ready`);
  return target;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await build({ force: process.argv.includes("--force") });
}
