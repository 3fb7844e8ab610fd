// The files that npm would publish, and the command with closed pipes and empty variables.

import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const ROOT = new URL("../", import.meta.url).pathname;
const MAIN = `${ROOT}dist/cli/main.js`;

interface Packed {
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

interface LockFile {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly hasInstallScript?: boolean }>
  >;
}

test("the package contains everything that an installed vireo needs, and no caches", {
  timeout: 60_000,
}, () => {
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const told = execFileSync("npm", args, { cwd: ROOT, encoding: "utf8", stdio: "pipe" });
  const [{ files, unpackedSize }] = JSON.parse(told) as [Packed];
  const paths = files.map(({ path }) => path);
  for (const needed of [
    ...["dist/index.js", "dist/index.d.ts", "dist/cli/main.js", "dist/web/index.html"],
    ...["dist/api-page/swagger-ui-bundle.js", "dist/api-page/swagger-ui-bundle.js.LICENSE.txt"],
    ...["native/addon.cpp", "scripts/setup.mjs", "scripts/build-native.mjs"],
    "scripts/system-packages.mjs",
    ...["models/mini/model.safetensors", "schemas/invoice.json"],
  ]) {
    expect(paths).toContain(needed);
  }
  const unwanted =
    /\.vireo|^native\/tests|soak|sanitize|measure-|scripts\/eval|\.test\.|^tests|^training/;
  expect(paths.filter((path) => unwanted.test(path))).toEqual([]);
  expect(unpackedSize).toBeLessThan(60e6);
});

test("repository, bugs and homepage are given together", () => {
  const about = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as Record<string, unknown>;
  const addresses = ["repository", "bugs", "homepage"].map((name) => name in about);
  expect(new Set(addresses).size, "all three, or none of them").toBe(1);
});

test("no package that users install runs a script when it is installed", () => {
  const lock = JSON.parse(readFileSync(`${ROOT}package-lock.json`, "utf8")) as LockFile;
  const installed = Object.entries(lock.packages).filter(([, { dev }]) => dev !== true);
  expect(installed.length).toBeGreaterThan(20);
  const scripted = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true);
  expect(scripted.map(([path]) => path)).toEqual([]);
  const own = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as { scripts: object };
  for (const name of ["preinstall", "install", "postinstall", "prepare"]) {
    expect(own.scripts).not.toHaveProperty(name);
  }
});

test("a command ends quietly when its reader closes the pipe", async () => {
  const script = `"${process.execPath}" "${MAIN}" extract --list-schemas | true`;
  const { stderr } = await promisify(execFile)("sh", ["-c", script]);
  expect(stderr).toBe("");
});

test("variables that are set to nothing are not set", async () => {
  const env = { ...process.env, PORT: "", VIREO_FILES: "", VIREO_CPU: "" };
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, "serve", "--help"], {
    env,
  });
  expect(stdout).toContain("--port");
});
