// The system programs that vireo uses, and the name of their package in each package manager.
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * One entry per program: its title, its commands and its package in each package manager. One of
 * the commands must be in PATH; if `every` is set, all of them must be.
 */
export const PROGRAMS = {
  compiler: {
    title: "a C++20 compiler",
    commands: [process.env.CXX ?? "c++"],
    packages: { apt: "g++", dnf: "gcc-c++", apk: "g++", brew: "gcc" },
  },
  ffmpeg: {
    title: "ffmpeg",
    commands: ["ffmpeg", "ffprobe"],
    every: true,
    packages: { apt: "ffmpeg", dnf: "ffmpeg-free", apk: "ffmpeg", brew: "ffmpeg" },
  },
  chromium: {
    title: "Chromium",
    commands: ["chromium", "google-chrome", "chromium-browser"],
    packages: { apt: "chromium", dnf: "chromium", apk: "chromium", brew: "chromium" },
  },
  curl: {
    title: "curl",
    commands: ["curl"],
    packages: { apt: "curl", dnf: "curl", apk: "curl", brew: "curl" },
  },
};

const MANAGERS = [
  {
    name: "apt",
    command: "apt-get",
    refresh: ["apt-get", "update", "-qq"],
    install: [
      ...["apt-get", "-o", "DPkg::Lock::Timeout=1500", "install", "-y", "-qq"],
      "--no-install-recommends",
    ],
  },
  { name: "dnf", command: "dnf", install: ["dnf", "install", "-y", "-q"] },
  { name: "apk", command: "apk", install: ["apk", "add", "--no-cache", "-q"] },
  { name: "brew", command: "brew", install: ["brew", "install", "-q"], asUser: true },
];

function inPath(command) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/opt/homebrew/bin"];
  const files = isAbsolute(command) ? [command] : folders.map((folder) => join(folder, command));
  return files.some((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Returns the keys of the PROGRAMS that are not installed. */
export function missingPrograms(keys = Object.keys(PROGRAMS)) {
  return keys.filter((key) => {
    const { commands, every } = PROGRAMS[key];
    return every ? !commands.every(inPath) : !commands.some(inPath);
  });
}

function manager() {
  return MANAGERS.find(({ command }) => inPath(command));
}

/** Returns the command that installs the programs; without a package manager, their names. */
export function installCommand(keys) {
  const found = manager();
  if (found === undefined) return `install ${keys.map((key) => PROGRAMS[key].title).join(", ")}`;
  const packages = keys.map((key) => PROGRAMS[key].packages[found.name]);
  const sudo = found.asUser || process.getuid?.() === 0 ? "" : "sudo ";
  const verb = found.name === "apk" ? "add" : "install";
  return `${sudo}${found.command} ${verb} ${packages.join(" ")}`;
}

/** Returns the prefix of a command that needs root; undefined if sudo would ask for a password. */
function elevation({ asUser = false }) {
  if (asUser || process.getuid?.() === 0) return [];
  return spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0
    ? ["sudo", "-n"]
    : undefined;
}

/**
 * Installs missing programs if that needs no password, and reports each step to `log`. Returns the
 * keys that are still missing.
 */
export function installMissing(keys, log) {
  const missing = missingPrograms(keys);
  const found = manager();
  const elevate = found && elevation(found);
  if (missing.length === 0 || found === undefined || elevate === undefined) return missing;
  const packages = missing.map((key) => PROGRAMS[key].packages[found.name]);
  log(`installing ${packages.join(", ")} with ${found.command} (once, a minute or two)`);
  const run = (argv) => {
    const [command, ...args] = [...elevate, ...argv];
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    return spawnSync(command, args, { stdio: ["ignore", "ignore", 2], env }).status === 0;
  };
  const refreshed = found.refresh === undefined || run(found.refresh);
  if (!refreshed || !run([...found.install, ...packages])) {
    log(`${found.command} could not install them; continuing without`);
  }
  return missingPrograms(keys);
}
