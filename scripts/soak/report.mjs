// The checks at the end of a soak test, and its report.
import { readdirSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { checkChat } from "./answers.mjs";
import { pause } from "./faults.mjs";
import { descriptorsOf, processesBelow } from "./processes.mjs";
import { chat, sha256 } from "./work.mjs";

/** Growth in ten minutes that is not called a leak; judged in runs of MIN_MINUTES and more. */
const MAX_GROWTH_MB = { resident: 20, heap: 3 };
const MIN_MINUTES = 10;
const QUIET_MS = 90_000;
const SETTLING_MS = 60_000;

/**
 * The growth in MB per ten minutes with its standard error, from a least-squares line through the
 * last two thirds of the samples.
 */
export function growth(samples, key) {
  const late = samples.slice(Math.floor(samples.length / 3));
  const mean = (of) => late.reduce((sum, sample) => sum + of(sample), 0) / late.length;
  const [mt, my] = [mean(({ t }) => t), mean((sample) => sample[key])];
  const spread = late.reduce((sum, { t }) => sum + (t - mt) ** 2, 0);
  const rise = late.reduce((sum, each) => sum + (each.t - mt) * (each[key] - my), 0) / spread;
  const squares = late.map((each) => (each[key] - my - rise * (each.t - mt)) ** 2);
  const residual = squares.reduce((sum, square) => sum + square, 0);
  const error = Math.sqrt(residual / Math.max(1, late.length - 2) / spread);
  return { mb: rise * 600, error: error * 600 };
}

export async function metricsOf(operator) {
  const { bytes } = await operator.send({ method: "GET", path: "/metrics" });
  return (name) => {
    const lines = String(bytes)
      .split("\n")
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  };
}

const usageOf = async (client) => (await client.getJson("/v1/key")).data.usage;
const sumOf = ({ prompt_tokens, completion_tokens }) => prompt_tokens + completion_tokens;

/** Waits until nothing runs, waits or decodes. */
export async function becomeQuiet({ server, operator }) {
  const until = performance.now() + QUIET_MS;
  while (performance.now() < until) {
    const metric = await metricsOf(operator);
    const busy = metric("vllm:num_requests_running") + metric("vllm:num_requests_waiting");
    if (busy === 0 && processesBelow(server.pid).length <= 1) return true;
    await pause(200);
  }
  return false;
}

/** Asks on a quiet server: what a key's ledger adds must be what the answers say. */
async function checkQuietLedger(tenants) {
  const wrong = [];
  for (const { name, client } of tenants) {
    const [before, known] = [await usageOf(client), client.promptTokens + client.completionTokens];
    const answer = await client.postJson("/v1/chat/completions", chat("How many?"));
    checkChat(client, answer);
    const after = await usageOf(client);
    const booked = sumOf(after) - sumOf(before);
    const told = client.promptTokens + client.completionTokens - known;
    if (booked !== told) wrong.push(`${name}: booked ${booked}, told ${told}`);
  }
  return wrong;
}

async function checkLedgers({ tenants, operator }) {
  const wrong = await checkQuietLedger(tenants);
  const sum = { booked: 0, told: 0 };
  for (const { name, client } of tenants) {
    const usage = await usageOf(client);
    const { prompt_tokens, completion_tokens } = usage;
    sum.booked += sumOf(usage);
    sum.told += client.promptTokens + client.completionTokens;
    if (prompt_tokens < client.promptTokens || completion_tokens < client.completionTokens)
      wrong.push(`${name}: fewer tokens booked than answered`);
  }
  const metric = await metricsOf(operator);
  const counted = metric("vllm:prompt_tokens_total") + metric("vllm:generation_tokens_total");
  if (counted !== sum.booked) wrong.push(`metrics ${counted}, keys ${sum.booked}`);
  return { wrong, detail: `metrics ${counted}, keys ${sum.booked}, complete answers ${sum.told}` };
}

/** Every stored file is listed with its bytes; after the deletion of all, the disk holds none. */
async function checkFiles({ server, tenants }) {
  const wrong = [];
  let kept = 0;
  for (const { name, client, files } of tenants) {
    const listed = (await client.getJson("/v1/files?limit=10000")).data.map(({ id }) => id);
    for (const [id, hash] of files) {
      if (!listed.includes(id)) wrong.push(`${name}: a stored file is not listed`);
      const path = `/v1/files/${id}/content`;
      const { status, bytes } = await client.send({ method: "GET", path });
      if (status !== 200 || sha256(bytes) !== hash) wrong.push(`${name}: a file has other bytes`);
      kept += 1;
    }
    for (const id of listed) await client.send({ method: "DELETE", path: `/v1/files/${id}` });
  }
  const left = ["blobs", "records", "drafts"].flatMap((folder) =>
    readdirSync(join(server.disk, "files", folder)).map((file) => `${folder}/${file}`),
  );
  if (left.length > 0) wrong.push(`left on disk: ${left.slice(0, 5).join(", ")}`);
  return { wrong, detail: `${kept} kept with their bytes, ${left.length} left after deletion` };
}

const moreThan = (before, after) =>
  Object.entries(after).filter(([kind, count]) => count > (before[kind] ?? 0));

/** Idle threads and connections are closed after a while. */
async function settledDescriptors(pid, before) {
  const until = performance.now() + SETTLING_MS;
  let found = descriptorsOf(pid);
  while (moreThan(before, found).length > 0 && performance.now() < until) {
    await pause(1000);
    found = descriptorsOf(pid);
  }
  return found;
}

function checkDescriptors(before, after) {
  const more = moreThan(before, after);
  const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);
  return {
    wrong: more.map(([kind, count]) => `${kind}: ${before[kind] ?? 0} before, ${count} after`),
    detail: `${total(before)} before, ${total(after)} after`,
  };
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}

function checkMemory({ samples, minutes }) {
  const wrong = [];
  const details = Object.entries(MAX_GROWTH_MB).map(([key, maxMb]) => {
    const { mb, error } = growth(samples, key);
    if (minutes >= MIN_MINUTES && mb - 2 * error > maxMb) wrong.push(`${key} grows`);
    const [first, last] = [samples[Math.floor(samples.length / 3)], samples.at(-1)];
    const from = `${first[key].toFixed(1)} → ${last[key].toFixed(1)} MB`;
    return `${key} ${from}, growth in ten minutes ${mb.toFixed(2)} ± ${error.toFixed(2)} MB`;
  });
  const note = minutes >= MIN_MINUTES ? "" : `; judged from ${MIN_MINUTES} minutes`;
  return { wrong, detail: `${details.join("; ")}${note}` };
}

/** Runs all checks on a server without work. Each has the faults found, and what was measured. */
export async function runChecks(context) {
  const { server, tenants, operator, errors, kills, before } = context;
  const isQuiet = await becomeQuiet(context);
  const checks = {
    answers: { wrong: errors, detail: "each is complete, or tells that it is not" },
    queue: { wrong: isQuiet ? [] : ["requests or decoders are left"], detail: "empty at the end" },
    tokens: await checkLedgers(context),
    files: await checkFiles(context),
    memory: checkMemory(context),
  };
  const restarts = (await metricsOf(operator))("vireo_engine_restarts_total");
  checks.restarts = {
    wrong: restarts === kills.length ? [] : [`${kills.length} kills, ${restarts} restarts`],
    detail: `${restarts} counted, ${kills.length} kills`,
  };
  for (const { client } of tenants) client.close();
  operator.close();
  const descriptors = await settledDescriptors(server.pid, before.descriptors);
  const children = processesBelow(server.pid).length;
  const temporary = filesBelow(server.temporary);
  checks.descriptors = checkDescriptors(before.descriptors, descriptors);
  checks.processes = {
    wrong: children === 1 ? [] : [`${children} child processes`],
    detail: `${children} beside the server (the engine)`,
  };
  const warnings = server.log.filter((line) => /\(node:\d+\)|Warning/.test(line));
  checks["warnings of Node.js"] = { wrong: warnings.slice(0, 5), detail: `${warnings.length}` };
  checks["temporary files"] = { wrong: temporary.slice(0, 5), detail: `${temporary.length} left` };
  return checks;
}

const list = (counts) =>
  [...counts]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, number]) => `${number} ${name}`)
    .join(", ");

/** The report as text. */
export function show({ minutes, clients, outcomes, faults, backMs, server, checks }) {
  const sorted = [...backMs].sort((a, b) => a - b);
  const seconds = (ms) => `${((ms ?? 0) / 1000).toFixed(2)} s`;
  const back = `${seconds(sorted[sorted.length >> 1])} median, ${seconds(sorted.at(-1))} longest`;
  const stalls = server.log.flatMap(
    (line) => /event_loop_stalled","ms":(\d+)/.exec(line)?.[1] ?? [],
  );
  const load = loadavg()[0].toFixed(1);
  const lines = [
    `soak: ${minutes} minutes, 8 tenants, ${clients} clients, ${cpus().length} cores, load ${load}`,
    `outcomes: ${list(outcomes)}`,
    `faults: ${list(faults)}${server.isMounted ? "" : " (no full disk: mounting needs root)"}`,
    `engine back after: ${back}`,
    `event loop stalls: ${stalls.length} above 0.1 s, longest ${seconds(Math.max(0, ...stalls))}`,
  ];
  for (const [name, { wrong, detail }] of Object.entries(checks)) {
    lines.push(`${wrong.length === 0 ? "ok   " : "WRONG"} ${name}: ${detail}`);
    for (const one of wrong) lines.push(`      ${one}`);
  }
  const isRight = Object.values(checks).every(({ wrong }) => wrong.length === 0);
  lines.push(isRight ? "verdict: all checks hold" : "verdict: something is WRONG");
  return lines.join("\n");
}
