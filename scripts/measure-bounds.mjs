// Measures what a hostile client can do to the others with requests just inside the limits. For
// each input: the longest stall of the server's event loop, its CPU time, which a busy machine does
// not lengthen, the peak of its memory beyond the idle state, and the 99th percentile of another
// client's small chats, compared with a quiet server.
//   node scripts/measure-bounds.mjs [--build DIR] [--seconds 8] [--only TEXT] [--json FILE]
// --build: the root of another built checkout, to compare two versions in one run of the machine.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { loadavg } from "node:os";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { INPUTS } from "./bounds/inputs.mjs";
import { closeConnections, KEYS, send, startServer } from "./bounds/server.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    build: { type: "string", default: root },
    seconds: { type: "string", default: "8" },
    only: { type: "string", default: "" },
    json: { type: "string" },
  },
});
const seconds = Number(values.seconds);
const build = resolve(values.build);
const MIB = 1024 * 1024;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Sends small chats until `until`; returns the milliseconds of each. */
async function askAsOther({ port }, until) {
  const workerData = { port, durationMs: until - performance.now() };
  const client = new Worker(new URL("bounds/other-client.mjs", import.meta.url), { workerData });
  const [times] = await once(client, "message");
  return times;
}

const percentile = (list, share) => {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
};

/** Sends one input again and again, as the hostile client. */
function repeating(input) {
  return async (server, until) => {
    const statuses = new Map();
    const end = AbortSignal.timeout(Math.ceil(until - performance.now()));
    while (performance.now() < until && !server.gone) {
      const { status = "no answer" } = await send(server, input, KEYS.hostile, end).catch(
        () => ({}),
      );
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      await pause(1);
    }
    return [...statuses].map(([status, count]) => `${status}×${count}`).join(" ");
  };
}

/** Opens sockets that send or read nothing more after `head`. */
async function openStalled(server, count, head) {
  const answers = new Map();
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(server.port, "127.0.0.1", () => socket.write(head));
    socket.once("readable", () => {
      const status = /HTTP\/1\.1 (\d+)/.exec(String(socket.read(64)))?.[1] ?? "none";
      answers.set(status, (answers.get(status) ?? 0) + 1);
    });
    socket.on("error", () => {});
    return socket;
  });
  return { sockets, answers };
}

const headOf = (path, length) =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${KEYS.hostile}\r\n` +
  `content-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;

/** 40 bodies of 60 MiB, each one byte short. */
async function unfinishedBodies(server, until) {
  const length = 60 * MIB;
  const head = Buffer.concat([
    Buffer.from(headOf("/v1/chat/completions", length)),
    Buffer.alloc(length - 1, 0x20),
  ]);
  const { sockets, answers } = await openStalled(server, 40, head);
  while (performance.now() < until) await pause(100);
  for (const socket of sockets) socket.destroy();
  return [...answers].map(([status, n]) => `${status}×${n}`).join(" ");
}

/** 64 streams with 20 log probabilities per token whose answers nobody reads. */
async function unreadStreams(server, until) {
  const body = JSON.stringify({
    messages: [{ role: "user", content: "hi" }],
    max_tokens: 8000,
    ignore_eos: true,
    stream: true,
    logprobs: true,
    top_logprobs: 20,
  });
  const sockets = Array.from({ length: 64 }, () => {
    const socket = connect(server.port, "127.0.0.1", () => {
      socket.write(headOf("/v1/chat/completions", body.length) + body);
    });
    socket.on("error", () => {});
    return socket.pause();
  });
  while (performance.now() < until) await pause(100);
  for (const socket of sockets) socket.destroy();
  return "not read";
}

const CASES = [
  ["quiet", async () => ""],
  ...Object.entries(INPUTS).map(([name, { make }]) => [name, make]),
  ["40 bodies of 60 MiB, unfinished", () => unfinishedBodies],
  ["64 unread streams of log probabilities", () => unreadStreams],
];

async function measure(name, attackOf) {
  const server = await startServer(build);
  try {
    await askAsOther(server, performance.now() + 1500); // warms up
    const made = name === "quiet" ? async () => "" : attackOf();
    const attack = typeof made === "function" ? made : repeating(made);
    const idle = await server.look();
    const until = performance.now() + seconds * 1000;
    const [times, statuses] = await Promise.all([askAsOther(server, until), attack(server, until)]);
    const seen = await server.look();
    return {
      name,
      stallMs: seen === undefined ? Number.POSITIVE_INFINITY : Math.round(seen.stallMs),
      busyMs: seen && Math.round(seen.busyMs),
      memoryMb: seen && Math.round((seen.peakBytes - idle.usedBytes) / MIB),
      p99Ms: Math.round(percentile(times, 0.99) * 10) / 10,
      chats: times.length,
      statuses: server.gone ? "the server ended" : statuses,
    };
  } finally {
    await server.stop();
  }
}

const rows = [];
process.stdout.write(`${build}, ${seconds} s each, load ${loadavg()[0].toFixed(1)}\n`);
process.stdout.write("| input | stall ms | CPU ms | memory MB | other's p99 ms | answers |\n");
process.stdout.write("| --- | --- | --- | --- | --- | --- |\n");
for (const [name, attackOf] of CASES) {
  if (name !== "quiet" && !name.includes(values.only)) continue;
  const row = await measure(name, attackOf);
  rows.push(row);
  const { stallMs, busyMs, memoryMb, p99Ms, statuses } = row;
  process.stdout.write(
    `| ${name} | ${stallMs} | ${busyMs} | ${memoryMb} | ${p99Ms} | ${statuses} |\n`,
  );
}
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(rows, null, 2));
closeConnections();
