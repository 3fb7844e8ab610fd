// The server of a soak test: an isolated engine, nine keys, and a small disk of its own.
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "./work.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const DISK_BYTES = 64 * 2 ** 20;
/** The hostile tenant stays within the limits of its key; the others have none. */
const HOSTILE_LIMITS = { requestsPerMinute: 600, concurrentRequests: 16 };

export const TENANTS = ["ann", "ben", "cleo", "dan", "eve", "finn", "gus", "hostile"];

/** Mounts a small file system, whose only user is the server. False where that is not permitted. */
function mountDisk(folder) {
  const size = `size=${DISK_BYTES},mode=700`;
  return spawnSync("mount", ["-t", "tmpfs", "-o", size, "tmpfs", folder]).status === 0;
}

function writeKeys(path, keys) {
  const records = Object.entries(keys).map(([name, key]) => ({
    ...{ name, sha256: sha256(key), createdUnix: 0, operator: name === "operator" },
    limits: name === "hostile" ? HOSTILE_LIMITS : {},
  }));
  writeFileSync(path, JSON.stringify({ keys: records }), { mode: 0o600 });
}

/** Starts the server; resolves once it is ready. */
export async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), "vireo-soak-"));
  const disk = join(folder, "disk");
  mkdirSync(disk);
  const isMounted = mountDisk(disk);
  const temporary = join(disk, "temporary");
  mkdirSync(temporary);
  const names = [...TENANTS, "operator"];
  const keys = Object.fromEntries(
    names.map((name) => [name, `vk-${randomBytes(24).toString("hex")}`]),
  );
  writeKeys(join(folder, "keys.json"), keys);
  const flags = [
    ...["--model", "tiny", "--port", "0", "--isolate", "--keys", join(folder, "keys.json")],
    ...["--files", join(disk, "files"), "--cache", join(folder, "cache"), "--log-level", "info"],
  ];
  const preload = [
    "--expose-gc",
    "--trace-warnings",
    "--import",
    join(root, "scripts/soak/inside.mjs"),
  ];
  const args = [...preload, join(root, "dist/cli/main.js"), "serve", ...flags];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const log = [];
  let isGone = false;
  child.once("exit", () => {
    isGone = true;
  });
  const remove = () => {
    child.kill("SIGKILL");
    if (isMounted) spawnSync("umount", ["-l", disk]);
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", remove);
  const port = await readyPort(child, log);
  return {
    ...{ child, port, keys, disk, isMounted, log, temporary },
    pid: child.pid,
    get isGone() {
      return isGone;
    },
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      return isGone ? child.exitCode : await ended;
    },
  };
}

/** Collects the log; resolves with the port once the server is ready. */
function readyPort(child, log) {
  let rest = "";
  return new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error(`the server ended: ${log.at(-1)}`)));
    child.stderr.on("data", (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const port = /ready at http:\S+:(\d+)/.exec(line)?.[1];
        if (port !== undefined) resolve(Number(port));
        if (!/"event":"(request|preempted)"/.test(line)) log.push(line.slice(0, 2000));
      }
    });
  });
}
