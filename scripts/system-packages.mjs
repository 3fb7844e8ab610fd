// Programs of the system that vireo uses, and how each package manager names them.
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * One entry per program: the commands of which one must be in PATH (all, for `every`), what it is
 * for, and the package by manager.
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

/** The keys of those PROGRAMS that are not installed. */
export function missingPrograms(wanted = Object.keys(PROGRAMS)) {
  return wanted.filter((key) => {
    const { commands, every } = PROGRAMS[key];
    return every ? !commands.every(inPath) : !commands.some(inPath);
  });
}

function manager() {
  return MANAGERS.find(({ command }) => inPath(command));
}

/** The command that installs these programs; without a package manager, their names. */
export function installCommand(keys) {
  const found = manager();
  if (found === undefined) return `install ${keys.map((key) => PROGRAMS[key].title).join(", ")}`;
  const packages = keys.map((key) => PROGRAMS[key].packages[found.name]);
  const sudo = found.asUser || process.getuid?.() === 0 ? "" : "sudo ";
  const verb = found.name === "apk" ? "add" : "install";
  return `${sudo}${found.command} ${verb} ${packages.join(" ")}`;
}

/** Words before a command that needs root; undefined where that would need a password. */
function elevation({ asUser = false }) {
  if (asUser || process.getuid?.() === 0) return [];
  return spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0
    ? ["sudo", "-n"]
    : undefined;
}

/**
 * Installs what is missing where that needs no password, and says so through `say`. Returns the
 * keys that are missing afterwards.
 */
export function installMissing(keys, say) {
  const missing = missingPrograms(keys);
  const found = manager();
  const elevate = found && elevation(found);
  if (missing.length === 0 || found === undefined || elevate === undefined) return missing;
  const packages = missing.map((key) => PROGRAMS[key].packages[found.name]);
  say(`installing ${packages.join(", ")} with ${found.command} (once, a minute or two)`);
  const run = (words) => {
    const [command, ...args] = [...elevate, ...words];
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    return spawnSync(command, args, { stdio: ["ignore", "ignore", 2], env }).status === 0;
  };
  const refreshed = found.refresh === undefined || run(found.refresh);
  if (!refreshed || !run([...found.install, ...packages])) {
    say(`${found.command} could not install them; going on without`);
  }
  return missingPrograms(keys);
}
