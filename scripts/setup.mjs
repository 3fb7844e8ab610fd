// Makes a fresh clone ready to run: npm packages, native kernels, TypeScript, the playground. A
// step is skipped if its inputs have not changed, so later runs are quick. In an installed package,
// set-up builds only the kernels, and only if no prebuilt addon loads.
//   node scripts/setup.mjs [--force]
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installCommand, installMissing } from "./system-packages.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const force = process.argv.includes("--force");
const started = Date.now();
let worked = false;

/** Folders of dist that hold pages. */
const PAGES = ["web", "api-page"];
/** Files of swagger-ui-dist that the server sends, and their licences. */
const API_PAGE = [
  "swagger-ui.css",
  "swagger-ui-bundle.js",
  "swagger-ui-bundle.js.LICENSE.txt",
  "LICENSE",
  "NOTICE",
];

function report(text) {
  worked = true;
  process.stderr.write(`setup: ${text}\n`);
}

function fail(text) {
  process.stderr.write(`setup: ${text}\n`);
  process.exit(1);
}

function run(command, args, name) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
  if (result.error || result.status !== 0) {
    const reason = result.error?.message ?? `exit status ${result.status}`;
    fail(`${name} failed (${reason}); its output is above`);
  }
}

/** Returns a hash of the names and contents of all files below the paths. */
function fingerprint(paths) {
  const hash = createHash("sha256");
  const visit = (path) => {
    if (statSync(path).isDirectory())
      for (const name of readdirSync(path).sort()) visit(join(path, name));
    else hash.update(`${path}\n`).update(readFileSync(path));
  };
  for (const path of paths) visit(join(root, path));
  return hash.digest("hex");
}

/** Names the platform of the built binaries: a folder may move to another machine. */
function machine() {
  const { glibcVersionRuntime = "" } = process.report.getReport().header;
  const libc = process.platform === "linux" && glibcVersionRuntime === "" ? "musl" : "";
  return [process.platform, process.arch, libc].join(" ");
}

/** Runs `make` unless a stamp shows that it already ran for these inputs on this platform. */
async function step(name, inputs, results, make) {
  const stamp = join(root, "build", `${name}.stamp`);
  const key = `${fingerprint(inputs)} ${machine()}`;
  const missing = () => results.find((result) => !existsSync(join(root, result)));
  const known = existsSync(stamp) && readFileSync(stamp, "utf8") === key;
  if (!force && known && missing() === undefined) return;
  await make();
  if (missing() !== undefined) fail(`the step "${name}" ended but did not create ${missing()}`);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, key);
}

/** Empties dist except for the pages, which have their own steps. */
function removeCompiled(dist) {
  if (!existsSync(dist)) return;
  for (const name of readdirSync(dist)) {
    if (PAGES.includes(name)) continue;
    rmSync(join(dist, name), { recursive: true, force: true });
  }
}

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19))
  fail(`Node.js ${process.versions.node} is too old; 20.19 or newer is needed`);

function installPackages() {
  report("installing npm packages (once, about a minute)");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  run(
    npm,
    [
      "ci",
      "--include=dev", // TypeScript and Vite; NODE_ENV=production would leave them out
      "--ignore-scripts", // nothing needs one, and one reports installs to its maker
      "--no-audit",
      "--no-fund",
      "--maxsockets=3",
      "--fetch-retries=8",
      "--fetch-timeout=900000",
    ],
    "npm ci",
  );
}

async function buildKernels() {
  const compiler = process.env.CXX ?? "c++";
  installMissing(["compiler"], report);
  try {
    execFileSync(compiler, ["--version"], { stdio: "ignore" });
  } catch {
    const advice = `run \`${installCommand(["compiler"])}\`, or set CXX to a compiler`;
    fail(`the kernels need a C++20 compiler, but "${compiler}" does not run; ${advice}`);
  }
  const { build, isNewEnough } = await import("./build-native.mjs");
  if (!isNewEnough(compiler)) {
    const advice = "install GCC 11, Clang 13 or newer, or set CXX to one";
    fail(`the C++ compiler "${compiler}" is too old for the kernels; ${advice}`);
  }
  report("building the native kernels (once, under a minute)");
  await build({ log: report }).catch((error) => fail(error.message));
}

function compileTypeScript() {
  report("compiling TypeScript");
  removeCompiled(join(root, "dist"));
  run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc")], "tsc");
}

function buildPlayground() {
  report("building the playground");
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  run(process.execPath, [vite, "build", "web", "--logLevel", "warn"], "vite build");
}

/** Copies the API page here: as a dependency its package would run a third party's script. */
function copyApiPage() {
  const from = join(root, "node_modules", "swagger-ui-dist");
  const to = join(root, "dist", "api-page");
  mkdirSync(to, { recursive: true });
  for (const name of API_PAGE) copyFileSync(join(from, name), join(to, name));
}

// An installed package has no TypeScript sources and no lock file, so only the kernels are built.
const LOCK = "package-lock.json";
const isClone = existsSync(join(root, LOCK));
const installed = ["node_modules/hono", "node_modules/typescript"];
const native = ["native", "scripts/build-native.mjs"];
/** Tells whether the package ships an addon that loads on this machine. */
function hasPrebuilt() {
  const { glibcVersionRuntime } = process.report.getReport().header;
  const libc = glibcVersionRuntime ? "-glibc" : "";
  const file = join(root, "prebuilds", `${process.platform}-${process.arch}${libc}.node`);
  const load = `process.dlopen({ exports: {} }, ${JSON.stringify(file)})`;
  return existsSync(file) && spawnSync(process.execPath, ["-e", load]).status === 0;
}

if (isClone) await step("packages", [LOCK], installed, installPackages);
if (isClone || force || !hasPrebuilt()) {
  await step("native", native, ["build/Release/vireo.node"], buildKernels);
}
if (isClone) {
  const source = ["src", "tsconfig.json", LOCK];
  await step("typescript", source, ["dist/cli/main.js"], compileTypeScript);
  const page = ["web", "tsconfig.json", LOCK];
  await step("web", page, ["dist/web/index.html"], buildPlayground);
  await step("api-page", [LOCK], [`dist/api-page/${API_PAGE[0]}`], copyApiPage);
}

if (worked)
  process.stderr.write(`setup: ready in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
