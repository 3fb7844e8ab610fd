// A server under measurement, and requests to it.
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const KEYS = {
  hostile: "vk-hostile-7f3a9c51d2e84b60",
  other: "vk-other-1b8e6d2f94c3a705",
};
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const folder = mkdtempSync(join(tmpdir(), "vireo-bounds-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function writeKeys() {
  const path = join(folder, "keys.json");
  const keys = Object.entries(KEYS).map(([name, key]) => {
    const sha256 = createHash("sha256").update(key).digest("hex");
    return { name, sha256, createdUnix: 0, limits: {} };
  });
  writeFileSync(path, JSON.stringify({ version: 1, keys }));
  return path;
}

/**
 * Starts a server in a process of its own.
 *
 * build: the root of a built checkout.
 */
export async function startServer(build) {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const args = ["serve", "--model", join(build, "models/tiny"), "--port", String(port)];
  const watch = fileURLToPath(new URL("watch.mjs", import.meta.url));
  const child = fork(
    join(build, "dist/cli/main.js"),
    [...args, "--keys", writeKeys(), "--no-cache", "--log-level", "error"],
    { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: ["--import", watch] },
  );
  let said = "";
  let gone = false;
  child.stderr.on("data", (text) => {
    said = (said + text).slice(-2000);
  });
  const ended = new Promise((done) => {
    child.once("exit", () => {
      gone = true;
      done(undefined);
    });
  });
  const server = {
    port,
    get gone() {
      return gone;
    },
    /** The longest stall and the memory since the last call; undefined if the server has ended. */
    async look() {
      if (gone) return undefined;
      const answered = new Promise((done) => child.once("message", done));
      child.send("look");
      return await Promise.race([answered, ended]);
    },
    async stop() {
      if (gone) return;
      child.kill("SIGKILL");
      await ended;
    },
  };
  for (let tries = 0; tries < 300; tries++) {
    if (gone) throw new Error(`the server ended: ${said}`);
    const { status } = await send(server, { method: "GET", path: "/health" }).catch(() => ({}));
    if (status === 200) return server;
    await pause(200);
  }
  throw new Error(`the server is not ready: ${said}`);
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** signal: gives the request up. */
export function send({ port }, { method, path, headers = {}, body }, key = KEYS.other, signal) {
  const started = performance.now();
  return new Promise((done, fail) => {
    const authorization = `Bearer ${key}`;
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        method,
        path,
        agent,
        signal,
        headers: { ...headers, authorization },
      },
      (response) => {
        response.resume();
        response.once("error", fail);
        response.once("end", () => {
          done({ status: response.statusCode, ms: performance.now() - started });
        });
      },
    );
    sent.once("error", fail);
    sent.end(body);
  });
}

export function closeConnections() {
  agent.destroy();
}
