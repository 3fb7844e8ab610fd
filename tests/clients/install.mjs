// Installs the pinned clients beside their package files, once for each lock file.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
export const FOLDERS = ["sdks", "agents", "promptfoo"];

/** Throws an Error with npm's output if an installation fails. */
export function installClients() {
  for (const name of FOLDERS) {
    const folder = `${HERE}${name}`;
    const lock = readFileSync(`${folder}/package-lock.json`);
    const hash = createHash("sha256").update(lock).digest("hex");
    const stamp = `${folder}/node_modules/.vireo-lane`;
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) continue;
    console.log(`installing tests/clients/${name}`);
    // npm ci refuses a lock file that lacks packages of other platforms; some registries lack them.
    const args = ["install", "--no-save", "--no-audit", "--no-fund", "--no-progress"];
    const done = spawnSync("npm", args, { cwd: folder, encoding: "utf8" });
    if (done.status !== 0) throw new Error(`npm install in ${folder} failed:\n${done.stderr}`);
    writeFileSync(stamp, hash);
  }
}

/** Returns Node.js 24, which the newest clients need: this process's, or the installed package. */
export function findNode24() {
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  const found = `${HERE}sdks/node_modules/node-${process.platform}-${process.arch}/bin/node`;
  if (existsSync(found)) return found;
  throw new Error("the clients need Node.js 24: run this with it, there is no package for here");
}

/** Returns the installed version of a client. */
export function versionOf(folder, packageName) {
  const file = `${HERE}${folder}/node_modules/${packageName}/package.json`;
  return JSON.parse(readFileSync(file, "utf8")).version;
}
