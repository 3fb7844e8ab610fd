// The faults of a soak test. Each loop causes one kind until the test is over, and counts them.
import { randomInt } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processesBelow } from "./processes.mjs";
import { pick } from "./work.mjs";

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const DECODERS = /ffmpeg|pdf-worker|heic-worker|soffice/;
const DAY_MS = 24 * 3600 * 1000;
const READY_MS = 60_000;
const LOOK_MS = 100;
const FREEZE_MS = 1500;

function signal(pid, name) {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false; // it has ended meanwhile
  }
}

const engineOf = (server) =>
  processesBelow(server.pid).find(({ command }) => command.includes("engine-process"));

/** Kills or freezes one decoder at a time, with pauses in which others succeed. */
async function killDecoders({ server, count, isOver }) {
  while (!isOver()) {
    await pause(LOOK_MS);
    const decoders = processesBelow(server.pid).filter(({ command }) => DECODERS.test(command));
    if (decoders.length === 0) continue;
    const { pid, command } = pick(decoders);
    const name = pick(["SIGKILL", "SIGSEGV", "SIGSTOP"]);
    if (!signal(pid, name)) continue;
    count(`${name} to ${DECODERS.exec(command)[0]}`);
    if (name === "SIGSTOP") {
      await pause(FREEZE_MS);
      signal(pid, "SIGCONT");
    }
    await pause(randomInt(4000));
  }
}

/** Kills or freezes the engine's process, and measures how long the server is not ready. */
async function killEngine({ server, operator, count, backMs, kills, isOver, everyMs }) {
  while (!isOver()) {
    await pause(everyMs / 2 + randomInt(everyMs));
    const engine = engineOf(server);
    if (engine === undefined || isOver()) continue;
    const name = pick(["SIGKILL", "SIGSEGV", "SIGABRT", "SIGSTOP"]);
    if (!signal(engine.pid, name)) continue;
    count(`${name} to the engine`);
    if (name === "SIGSTOP") {
      await pause(FREEZE_MS);
      signal(engine.pid, "SIGCONT");
      continue;
    }
    kills.push(engine.pid);
    const started = performance.now();
    const isBack = async () => {
      const next = engineOf(server);
      if (next === undefined || next.pid === engine.pid) return false;
      const { status } = await operator.send({ method: "GET", path: "/health/ready" });
      return status === 200;
    };
    while (!(await isBack())) {
      if (performance.now() - started > READY_MS) throw new Error("the engine is not back");
      await pause(20);
    }
    backMs.push(performance.now() - started);
  }
}

/** Fills the server's disk to the last byte for a few seconds. */
async function fillDisk({ server, count, isOver, everyMs }) {
  const ballast = join(server.disk, "ballast");
  while (!isOver()) {
    await pause(everyMs / 2 + randomInt(everyMs));
    count("full disk");
    for (let at = 0; at < 100; at += 1) {
      try {
        writeFileSync(`${ballast}-${at}`, Buffer.alloc(2 ** 20));
      } catch {
        break;
      }
    }
    await pause(2000 + randomInt(3000));
    for (let at = 0; at < 100; at += 1) rmSync(`${ballast}-${at}`, { force: true });
  }
}

/** Sets the wall clock of the server's process by days, in both directions. */
async function setClock({ server, count, isOver, everyMs }) {
  while (!isOver()) {
    await pause(everyMs / 2 + randomInt(everyMs));
    server.child.send({ offsetMs: pick([-3, -0.04, 0.04, 3, 30]) * DAY_MS });
    count("clock set");
  }
  server.child.send({ offsetMs: 0 });
}

/** Causes all faults until `isOver`. Resolves when the last one is repaired. */
export async function causeFaults(context) {
  const { server } = context;
  const loops = [killDecoders, killEngine, setClock];
  if (server.isMounted) loops.push(fillDisk);
  await Promise.all(loops.map((loop) => loop(context)));
}
