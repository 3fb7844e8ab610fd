// Soak test with faults: eight tenants work on a server whose decoders and engine are killed, whose
// disk fills up and whose clock is set, while clients disconnect and read slowly. One tenant sends
// the largest inputs that the limits permit. At the end every answer was complete or said that it
// is not, the memory is flat, descriptors are closed, and all ledgers agree.
//   npm run soak -- [--minutes 30] [--clients 40] [--no-faults] [--json FILE]
// It needs Linux; filling a disk needs the right to mount one. Exits with 1 if a check fails.
import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Client } from "./soak/client.mjs";
import { causeFaults, pause } from "./soak/faults.mjs";
import { descriptorsOf } from "./soak/processes.mjs";
import { becomeQuiet, runChecks, show } from "./soak/report.mjs";
import { startServer, TENANTS } from "./soak/server.mjs";
import { HOSTILE, pick, WORK } from "./soak/work.mjs";

const { values } = parseArgs({
  allowNegative: true,
  options: {
    minutes: { type: "string", default: "30" },
    clients: { type: "string", default: "40" },
    faults: { type: "boolean", default: true },
    json: { type: "string" },
  },
});
const minutes = Number(values.minutes);
const clients = Number(values.clients);
const MAX_ERRORS = 20;
const SAMPLES_PER_LINE = 12;

const server = await startServer();
const operator = new Client(server.port, server.keys.operator);
const tenants = TENANTS.map((name) => ({
  name,
  client: new Client(server.port, server.keys[name]),
  files: new Map(),
}));
const outcomes = new Map();
const faults = new Map();
const errors = [];
const samples = [];
let started = performance.now();
const isOver = () =>
  performance.now() - started > minutes * 60_000 || errors.length >= MAX_ERRORS || server.isGone;
const counting = (map) => (name) => map.set(name, (map.get(name) ?? 0) + 1);
const countOutcome = counting(outcomes);

async function perform(tenant, work, name) {
  try {
    const outcome = await work[name]({ ...tenant, isOver });
    countOutcome(outcome);
    if (outcome !== "complete") await pause(200 + randomInt(800));
  } catch (error) {
    const { message, cause } = error;
    errors.push(`${tenant.name}, ${name}: ${message}${cause ? ` (${cause.message})` : ""}`);
  }
}

async function work(at) {
  const tenant = tenants[at % tenants.length];
  const kinds = tenant.name === "hostile" ? HOSTILE : WORK;
  while (!isOver()) {
    await perform(tenant, kinds, pick(Object.keys(kinds)));
    if (kinds === HOSTILE) await pause(1000);
  }
}

server.child.on("message", ({ rss, heapUsed }) => {
  const t = (performance.now() - started) / 1000;
  samples.push({ t, resident: rss / 2 ** 20, heap: heapUsed / 2 ** 20 });
  if (samples.length % SAMPLES_PER_LINE > 0) return;
  const { resident, heap } = samples.at(-1);
  const memory = `${resident.toFixed(0)} MB resident, ${heap.toFixed(1)} MB heap`;
  const answers = [...outcomes.values()].reduce((sum, number) => sum + number, 0);
  console.log(`${(t / 60).toFixed(0)} min: ${memory}; ${answers} answers, ${errors.length} wrong`);
});

// Each kind of work once, so that lazily opened descriptors exist before they are counted.
for (const name of Object.keys(WORK)) await perform(tenants[0], WORK, name);
await becomeQuiet({ server, operator });
for (const { client } of [...tenants, { client: operator }]) client.close();
await pause(1000);
const before = { descriptors: descriptorsOf(server.pid) };

started = performance.now();
samples.length = 0;
const [kills, backMs] = [[], []];
const everyMs = Math.min(30_000, minutes * 6000);
const context = { server, operator, tenants, errors, samples, minutes, kills, backMs, before };
const causing = { ...context, count: counting(faults), isOver, everyMs };
const loops = Array.from({ length: clients }, (_, at) => work(at));
if (values.faults) loops.push(causeFaults(causing));
await Promise.all(loops);
if (server.isGone) {
  console.log(`the server ended: ${server.log.slice(-5).join("\n")}`);
  process.exit(1);
}
const checks = await runChecks(context);
const status = await server.stop();
checks.end = {
  wrong: status === 0 ? [] : [`exit status ${status}`],
  detail: "SIGTERM ends the server",
};
const report = { minutes, clients, outcomes, faults, backMs, server, checks };
console.log(show(report));
if (values.json !== undefined) {
  const plain = { ...report, server: undefined, samples, log: server.log.slice(-1000) };
  const maps = { outcomes: Object.fromEntries(outcomes), faults: Object.fromEntries(faults) };
  writeFileSync(values.json, `${JSON.stringify({ ...plain, ...maps }, null, 2)}\n`);
}
process.exit(Object.values(checks).every(({ wrong }) => wrong.length === 0) ? 0 : 1);
