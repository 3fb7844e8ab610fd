// Compares vireo as a gateway with Portkey's open-source gateway, in turns in one run. Both forward
// to the same stub server. Each gateway runs on one core; the stub and the clients share the other
// (where taskset exists). Reported for each, and as ratios of vireo to Portkey:
//   - requests/s with 8 clients, and the milliseconds added to the stub's own p50 and p99
//   - streamed chunks/s
//   - the milliseconds added to a request with a picture of 10 MB
//   - the memory that 500 open streams add
//
//   node scripts/compare-gateways.mjs --portkey DIR [--rounds 3] [--seconds 5] [--node PROGRAM]
//
// DIR has the package: npm install --prefix DIR --ignore-scripts @portkey-ai/gateway@1.15.2
// PROGRAM is the Node that runs the gateways and the stub. Default: the one that runs this script.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { Client } from "./gateways/client.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    portkey: { type: "string" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    node: { type: "string", default: process.execPath },
  },
});
const CLIENTS = 8;
const OPEN_STREAMS = 500;
const STREAMED_CHUNKS = 500;
/** A stream of so many chunks stays open after the first one. */
const STAYS_OPEN = 9999;
const port = 20_000 + (process.pid % 10_000) * 3;
const hasTaskset = spawnSync("taskset", ["--version"]).status === 0;
const stubUrl = `http://127.0.0.1:${port}/v1`;

if (values.portkey === undefined) throw new Error("--portkey DIR is missing; see the first lines");
const portkey = join(values.portkey, "node_modules/@portkey-ai/gateway/build/start-server.js");
if (!existsSync(portkey)) throw new Error(`${portkey} does not exist; install the package first`);

const GATEWAYS = {
  stub: { port, headers: {} },
  vireo: {
    port: port + 1,
    args: ["dist/cli/main.js", "serve", "--upstream", stubUrl, "--port", `${port + 1}`],
    headers: {},
  },
  portkey: {
    port: port + 2,
    args: [portkey, `--port=${port + 2}`, "--headless"],
    headers: {
      authorization: "Bearer none",
      "x-portkey-provider": "openai",
      "x-portkey-custom-host": stubUrl,
    },
  },
};

/** Starts a program on one core and waits until its port answers. */
async function start(args, port, core) {
  const command = hasTaskset ? ["taskset", "-c", String(core)] : [];
  const [program, ...rest] = [...command, values.node, ...args];
  const child = spawn(program, rest, { cwd: root, stdio: "ignore" });
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline && child.exitCode === null) {
    const answers = await fetch(`http://127.0.0.1:${port}/v1/models`).catch(() => undefined);
    if (answers !== undefined) return child;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill();
  throw new Error(`${args[0]} did not start`);
}

function memoryMb(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
}

const chat = (extra = {}) =>
  JSON.stringify({ model: "stub", messages: [{ role: "user", content: "Hello" }], ...extra });

/** A PNG of noise, which does not compress: about 10 MB. */
async function pictureChat() {
  const side = 1870;
  const raw = { width: side, height: side, channels: 3 };
  const pixels = Buffer.alloc(side * side * 3);
  for (let at = 0, word = 1; at < pixels.length; at++) {
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
    pixels[at] = word >>> 24;
  }
  const png = await sharp(pixels, { raw }).png({ compressionLevel: 0 }).toBuffer();
  const url = `data:image/png;base64,${png.toString("base64")}`;
  const content = [
    { type: "image_url", image_url: { url } },
    { type: "text", text: "What is it?" },
  ];
  return chat({ messages: [{ role: "user", content }] });
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Sends requests one after the other from each of several clients. */
async function load(gateway, body, seconds, clients) {
  const times = [];
  const failures = [];
  const end = performance.now() + seconds * 1000;
  const work = async () => {
    const client = new Client(gateway.port, gateway.headers);
    while (performance.now() < end) {
      const began = performance.now();
      const failure = await client.ask(body).catch((error) => error);
      if (failure === undefined) times.push(performance.now() - began);
      else failures.push(failure);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: clients }, work));
  if (failures.length > 0) console.log(`${failures.length} failed, first: ${failures[0].message}`);
  times.sort((a, b) => a - b);
  return { rate: times.length / seconds, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

/** Chunks per second of several streams that are read as fast as they come. */
async function streams(gateway, seconds) {
  let [chunks, failed, first] = [0, 0, ""];
  const body = chat({ stream: true, max_tokens: STREAMED_CHUNKS });
  const began = performance.now();
  const work = async () => {
    const client = new Client(gateway.port, gateway.headers);
    while (performance.now() - began < seconds * 1000) {
      const events = await client.countEvents(body).catch((error) => {
        first ||= error.message;
        return 0;
      });
      if (events === 0) failed += 1;
      chunks += events;
    }
    client.close();
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
  if (failed > 0) console.log(`${failed} streams failed, first: ${first}`);
  return chunks / ((performance.now() - began) / 1000);
}

/** Megabytes that open streams add to the process. */
async function openStreams(gateway, pid) {
  const before = memoryMb(pid);
  const body = chat({ stream: true, max_tokens: STAYS_OPEN });
  const clients = Array.from({ length: OPEN_STREAMS }, () => {
    const client = new Client(gateway.port, gateway.headers);
    return client.open(body).then(() => client);
  });
  const opened = await Promise.all(clients);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const added = memoryMb(pid) - before;
  for (const client of opened) client.close();
  await new Promise((resolve) => setTimeout(resolve, 500));
  return added;
}

async function measure(name, picture) {
  const gateway = GATEWAYS[name];
  const child = gateway.args && (await start(gateway.args, gateway.port, 0));
  try {
    const seconds = Number(values.seconds);
    await load(gateway, chat(), 2, CLIENTS); // warm-up
    const small = await load(gateway, chat(), seconds, CLIENTS);
    await streams(gateway, 1);
    const chunks = await streams(gateway, seconds);
    const large = await load(gateway, picture, seconds, 1);
    const memory = child ? await openStreams(gateway, child.pid).catch(() => Number.NaN) : 0;
    return { ...small, chunks, picture: large.p50, memory };
  } finally {
    child?.kill("SIGKILL");
  }
}

function print(name, { rate, p50, p99, chunks, picture, memory }) {
  const cells = [
    `${rate.toFixed(0)} requests/s`,
    `p50 ${p50.toFixed(2)} ms`,
    `p99 ${p99.toFixed(2)} ms`,
    `${chunks.toFixed(0)} chunks/s`,
    `picture ${picture.toFixed(1)} ms`,
    `${memory.toFixed(0)} MB for ${OPEN_STREAMS} streams`,
  ];
  console.log(`${name.padEnd(8)} ${cells.join(", ")}`);
}

/** The best of the rounds: highest rates, lowest times. */
function best(rounds) {
  const of = (key, choose) => choose(...rounds.map((round) => round[key]));
  return {
    rate: of("rate", Math.max),
    chunks: of("chunks", Math.max),
    ...Object.fromEntries(
      ["p50", "p99", "picture", "memory"].map((key) => [key, of(key, Math.min)]),
    ),
  };
}

const version = spawnSync(values.node, ["--version"], { encoding: "utf8" }).stdout?.trim();
console.log(`the gateways and the stub run under Node ${version}`);
const stub = await start([join(root, "scripts/gateways/stub.mjs"), String(port)], port, 1);
if (hasTaskset) spawnSync("taskset", ["-cp", "1", String(process.pid)]);
try {
  const picture = await pictureChat();
  const results = { stub: [], vireo: [], portkey: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const name of Object.keys(results)) {
      const result = await measure(name, picture);
      results[name].push(result);
      print(name, result);
    }
  }
  const [alone, ours, theirs] = Object.values(results).map(best);
  const ratio = (above, below) =>
    below > 0 && Number.isFinite(above / below)
      ? `${(above / below).toFixed(2)} ×`
      : "not measured";
  const added = (key) => ratio(ours[key] - alone[key], theirs[key] - alone[key]);
  console.log(
    `vireo to portkey, best of ${values.rounds}: ` +
      `requests/s ${ratio(ours.rate, theirs.rate)}, ` +
      `added p50 ${added("p50")}, added p99 ${added("p99")}, ` +
      `chunks/s ${ratio(ours.chunks, theirs.chunks)}, ` +
      `picture's added time ${added("picture")}, memory ${added("memory")}`,
  );
  console.log(
    `load average ${loadavg()
      .map((value) => value.toFixed(2))
      .join(" ")}`,
  );
} finally {
  stub.kill("SIGKILL");
}
