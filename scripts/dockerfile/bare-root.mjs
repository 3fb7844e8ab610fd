// Empty Debian roots, and commands that run in them as in a container: own mounts and processes,
// and an own network where the server runs. Needs root, debootstrap and unshare (util-linux).

import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** A file of certificates that npm needs besides its own, for example those of a proxy. */
const CERTIFICATES = process.env.NODE_EXTRA_CA_CERTS;

/** The programs and rights that are missing here, each with the way to get it. */
export function missingHere() {
  const has = (command, ...args) => spawnSync(command, args, { stdio: "ignore" }).status === 0;
  const missing = [];
  if (process.getuid?.() !== 0) missing.push("root: start it with sudo");
  if (!has("debootstrap", "--version")) missing.push("debootstrap: apt-get install debootstrap");
  if (!has("unshare", "--mount", "true")) missing.push("unshare with the right to mount");
  return missing;
}

/** Whether the server can have a network of its own. */
export function hasNetworkNamespaces() {
  return spawnSync("unshare", ["--net", "ip", "link", "set", "lo", "up"]).status === 0;
}

/** Makes the root of an image `node:VERSION-SUITE-slim`: Debian, Node.js, npm and a user node. */
export function makeBase(image, folder, mirror) {
  const [, version, suite] = /^node:(\d+)-(\w+)-slim$/.exec(image) ?? [];
  if (version === undefined) throw new Error(`${image}: only node:VERSION-SUITE-slim is known`);
  const root = join(folder, "base");
  const args = ["--variant=minbase", "--include=ca-certificates", suite, root, mirror];
  execFileSync("debootstrap", args, { stdio: ["ignore", "ignore", 2] });
  for (const cache of ["var/cache/apt/archives", "var/lib/apt/lists"]) {
    rmSync(join(root, cache), { recursive: true });
    mkdirSync(join(root, cache, "partial"), { recursive: true });
  }
  const packages = join(folder, "node");
  mkdirSync(packages);
  writeFileSync(join(packages, "package.json"), '{ "private": true }\n');
  const node = `node-${process.platform}-${process.arch}`;
  const wanted = [`${node}@${version}`, "npm@10"];
  const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...wanted];
  execFileSync("npm", install, { cwd: packages, stdio: ["ignore", 2, 2] });
  const modules = join(packages, "node_modules");
  copyFileSync(join(modules, node, "bin", "node"), join(root, "usr/local/bin/node"));
  cpSync(join(modules, "npm"), join(root, "usr/local/lib/node_modules/npm"), { recursive: true });
  symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(root, "usr/local/bin/npm"));
  execFileSync("chroot", [root, "useradd", "--create-home", "--uid", "1000", "node"]);
  copyFileSync("/etc/resolv.conf", join(root, "etc/resolv.conf"));
  if (CERTIFICATES !== undefined && existsSync(CERTIFICATES)) {
    mkdirSync(dirname(join(root, CERTIFICATES)), { recursive: true });
    copyFileSync(CERTIFICATES, join(root, CERTIFICATES));
  }
  return root;
}

/** A copy of a root, for a stage. */
export function copyRoot(root, folder) {
  const copy = mkdtempSync(join(folder, "stage-"));
  execFileSync("cp", ["--archive", "--reflink=auto", `${root}/.`, copy]);
  return copy;
}

/** The command that runs `command` in a stage; `namespace` are further options of unshare. */
function inRoot({ root, user, workdir, env }, command, namespace) {
  const variables = { PATH, HOME: user === "root" ? "/root" : `/home/${user}`, ...env };
  if (CERTIFICATES !== undefined) variables.NODE_EXTRA_CA_CERTS = CERTIFICATES;
  const prepare =
    'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && ' +
    'if [ "$2" = own ]; then ip link set lo up; fi && ' +
    "root=$1 user=$3 folder=$4 && shift 4 && " +
    'exec chroot --userspec="$user" "$root" /usr/bin/env -i --chdir="$folder" "$@"';
  const network = namespace.includes("--net") ? "own" : "shared";
  const set = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const script = ["-c", prepare, "bash", root, network, user, workdir, ...set, ...command];
  return [
    "unshare",
    ["--mount", "--pid", "--fork", "--kill-child", ...namespace, "bash", ...script],
  ];
}

/** Runs a line of shell in a stage. Throws an Error with the end of its output if it fails. */
export function runIn(stage, line) {
  const [command, args] = inRoot(stage, ["sh", "-c", line], []);
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1e9 });
  if (status === 0) return;
  throw new Error(`exit status ${status}\n${`${stdout}${stderr}`.trimEnd().slice(-4000)}`);
}

/** Starts a command in a stage, with a network of its own if `isolated`. */
export function startIn(stage, command, isolated) {
  const [name, args] = inRoot(stage, command, isolated ? ["--net"] : []);
  return spawn(name, args, { stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs a command beside a process that startIn() has started, and returns status and stdout. */
export function runBeside(stage, pid, command, input = "") {
  const variables = Object.entries({ PATH, HOME: "/tmp", ...stage.env });
  const set = variables.map(([name, value]) => `${name}=${value}`);
  const where = [`--target=${pid}`, "--net", "--pid", "--mount"];
  const inside = ["chroot", `--userspec=${stage.user}`, stage.root, "/usr/bin/env", "-i"];
  const args = [...where, ...inside, `--chdir=${stage.workdir}`, ...set, ...command];
  const { status, stdout } = spawnSync("nsenter", args, { input, encoding: "utf8" });
  return { status, stdout };
}

/** The process that startIn() has started: the only child of its unshare. */
export function innerPid(pid) {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}

/** Megabytes of files below a folder, without other file systems. */
export function megabytes(folder) {
  const size = execFileSync("du", ["-sxm", folder], { encoding: "utf8" });
  return Number.parseInt(size, 10);
}
