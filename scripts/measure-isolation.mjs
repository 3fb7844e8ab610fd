// Measures the cost of `serve --isolate` against an engine in the server's process, and how long a
// crash of the engine is felt. Two servers run side by side and are asked in turns, so that a busy
// machine affects both alike; CPU time is counted for all processes of a server.
//
//   node scripts/measure-isolation.mjs [--model models/tiny] [--rounds 10]
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    model: { type: "string", default: join(root, "models/tiny") },
    rounds: { type: "string", default: "10" },
  },
});
const STREAMS = 16;
const TOKENS = 64;
const SHORT_REQUESTS = 20;

function serve(...more) {
  const main = join(root, "dist/cli/main.js");
  const args = ["serve", "--model", values.model, "--model-id", "m", "--port", "0", "--no-files"];
  const child = spawn(process.execPath, [main, ...args, ...more], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  return new Promise((resolve, reject) => {
    let said = "";
    child.once("exit", () => reject(new Error(said)));
    child.stderr.on("data", (text) => {
      said += text;
      const url = /ready at (http:\S+)/.exec(said)?.[1];
      if (url) resolve({ child, url });
    });
  });
}

async function ask({ url }, maxTokens, stream) {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "m",
      stream,
      max_tokens: maxTokens,
      ignore_eos: true,
      messages: [{ role: "user", content: `Tell me of ${Math.random()}.` }],
    }),
  });
  return { status: response.status, text: await response.text() };
}

/** The server's process and its engine's. */
function processesOf({ child }) {
  const below = readdirSync("/proc").filter((name) => {
    const parent = /\) \S (\d+)/.exec(readProc(`${name}/stat`))?.[1];
    return Number(parent) === child.pid && readProc(`${name}/cmdline`).includes("engine-process");
  });
  return [child.pid, ...below.map(Number)];
}

function readProc(path) {
  try {
    return readFileSync(join("/proc", path), "utf8");
  } catch {
    return ""; // it has ended meanwhile
  }
}

/** CPU time of all threads of the server's processes. */
function cpuMs(server) {
  const threads = processesOf(server).flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((thread) => `${pid}/task/${thread}/schedstat`),
  );
  const nanoseconds = threads.map((path) => Number(readProc(path).split(" ")[0]));
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

/** Wall and CPU time of some work. */
async function timed(server, work) {
  const cpu = cpuMs(server);
  const began = performance.now();
  await work();
  return { wallMs: performance.now() - began, cpuMs: cpuMs(server) - cpu };
}

const streams = (server) =>
  Promise.all(Array.from({ length: STREAMS }, () => ask(server, TOKENS, true)));

async function shortRequests(server) {
  for (let count = 0; count < SHORT_REQUESTS; count++) await ask(server, 1, false);
}

function report(name, one, other, count) {
  const part = (list, key) => median(list.map((times) => times[key])) / count;
  for (const key of ["wallMs", "cpuMs"]) {
    const [a, b] = [part(one, key), part(other, key)];
    const ratios = one.map((times, index) => other[index][key] / times[key]);
    const figures = `${a.toFixed(3)} → ${b.toFixed(3)} ms, ratio ${median(ratios).toFixed(3)}`;
    process.stdout.write(`${name}, ${key === "cpuMs" ? "CPU" : "wall"}: ${figures}\n`);
  }
}

/** Time from the crash to the next answer, with 50 streams running; and what these were told. */
async function crash(server) {
  let sent = 0;
  const running = Array.from({ length: 50 }, async () => {
    sent += 1;
    return (await ask(server, 300, true)).text;
  });
  while (sent < 50) await new Promise(setImmediate);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const [, engine] = processesOf(server);
  const began = performance.now();
  process.kill(engine, "SIGSEGV");
  const isNew = () => ![undefined, engine].includes(processesOf(server)[1]);
  while (!isNew() || (await fetch(`${server.url}/health/ready`)).status !== 200) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const ready = performance.now() - began;
  const texts = await Promise.all(running);
  const told = texts.filter((text) => text.includes("engine_restarted")).length;
  const whole = texts.filter((text) => text.includes("[DONE]")).length;
  return `${told} told, ${whole} answered, ready again after ${Math.round(ready)} ms`;
}

const here = await serve();
const isolated = await serve("--isolate");
try {
  for (const server of [here, isolated]) await streams(server);
  const load = { here: [], isolated: [] };
  const short = { here: [], isolated: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    load.here.push(await timed(here, () => streams(here)));
    load.isolated.push(await timed(isolated, () => streams(isolated)));
    short.here.push(await timed(here, () => shortRequests(here)));
    short.isolated.push(await timed(isolated, () => shortRequests(isolated)));
  }
  report(`${STREAMS} streams, per token`, load.here, load.isolated, STREAMS * TOKENS);
  report("one request at a time", short.here, short.isolated, SHORT_REQUESTS);
  for (let count = 0; count < 3; count++) {
    process.stdout.write(`SIGSEGV under 50 streams: ${await crash(isolated)}\n`);
  }
} finally {
  for (const { child } of [here, isolated]) child.kill("SIGKILL");
}
