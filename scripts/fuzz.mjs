// Fuzzes the parsers of strangers' bytes: mutates inputs, keeps those that reach new code, and
// reports exceptions other than refusals, broken promises, slow inputs and hangs.
//   npm run fuzz -- TARGET SECONDS [--cases N] [--seed N] [--out DIR]
//   npm run fuzz -- list
//   npm run fuzz -- all SECONDS       each target for that long
// Inputs with faults are written to DIR (default: fuzz-findings/). To keep one as a seed, copy it
// to tests/fuzz/seeds/TARGET/. The exit code is 1 if a fault was found.

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { findTarget, targetNames } from "./fuzz/targets.mjs";

const HANG_MS = 20_000;
const CHECK_MS = 1000;
const MAX_INPUT_BYTES = 1024 * 1024;
/** Words at the beginning of the shared memory: number of the case, and length of its input. */
const HEAD_WORDS = 2;
const SEEDS = new URL("../tests/fuzz/seeds/", import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: "string" },
    seed: { type: "string", default: "1" },
    out: { type: "string", default: "fuzz-findings" },
  },
});
const [name = "list", seconds] = positionals;

if (name === "list") {
  console.log((await targetNames()).join("\n"));
} else {
  const names = name === "all" ? await targetNames() : [name];
  let faults = 0;
  for (const one of names) faults += await fuzzTarget(one);
  process.exitCode = faults > 0 ? 1 : 0;
}

/** Runs a target in a worker thread and returns the number of faults. */
async function fuzzTarget(target) {
  await findTarget(target); // throws for an unknown name
  const limits = {
    ...(values.cases && { cases: Number(values.cases) }),
    ...(seconds && { seconds: Number(seconds) }),
    ...(!values.cases && !seconds && { seconds: 60 }),
  };
  const shared = new SharedArrayBuffer(HEAD_WORDS * 4 + MAX_INPUT_BYTES);
  const workerData = {
    target,
    shared,
    limits,
    seed: Number(values.seed),
    seeds: await seedsOf(target),
  };
  const worker = new Worker(new URL("./fuzz/worker.mjs", import.meta.url), { workerData });
  const written = [];
  const hang = watch(shared, () => worker.terminate());
  const summary = await new Promise((resolve, reject) => {
    worker.on("message", (message) => {
      if (message.type === "fault") written.push(save(target, message));
      else resolve(message.summary);
    });
    worker.on("error", reject);
    worker.on("exit", () => resolve(undefined));
  });
  hang.stop();
  if (summary === undefined) written.push(save(target, hang.fault()));
  await Promise.all(written);
  await worker.terminate();
  print(target, summary, written.length);
  return written.length;
}

function print(target, summary, faults) {
  if (summary === undefined) {
    console.log(`${target}: stopped, because one input took more than ${HANG_MS / 1000} s`);
    return;
  }
  const { cases, seconds: spent, blocks, corpus } = summary;
  console.log(
    `${target}: ${cases} cases in ${spent.toFixed(1)} s, ${blocks} blocks reached, ` +
      `${corpus} inputs kept, ${faults} ${faults === 1 ? "fault" : "faults"}`,
  );
}

/** Ends the worker when one case takes too long; `fault` tells which. */
function watch(shared, end) {
  const head = new Int32Array(shared, 0, HEAD_WORDS);
  let [last, since] = [-1, Date.now()];
  const timer = setInterval(() => {
    const current = Atomics.load(head, 0);
    if (current !== last) [last, since] = [current, Date.now()];
    else if (Date.now() - since > HANG_MS) end();
  }, CHECK_MS);
  return {
    stop: () => clearInterval(timer),
    fault: () => {
      const bytes = Uint8Array.from(new Uint8Array(shared, HEAD_WORDS * 4, head[1]));
      return { kind: "hang", message: `no end after ${HANG_MS} ms`, bytes };
    },
  };
}

async function save(target, { kind, message, bytes }) {
  const folder = join(values.out, target);
  await mkdir(folder, { recursive: true });
  const existing = await readdir(folder);
  const path = join(folder, `${kind}-${existing.length}`);
  await writeFile(path, bytes);
  await writeFile(`${path}.txt`, message);
  console.log(`${target}: ${kind}, ${bytes.length} bytes, in ${path}\n${head(message)}`);
}

function head(message) {
  return message
    .split("\n")
    .slice(0, 4)
    .map((line) => `  ${line.slice(0, 200)}`)
    .join("\n");
}

async function seedsOf(target) {
  const folder = new URL(`${target}/`, SEEDS);
  const files = await readdir(folder).catch(() => []);
  return await Promise.all(files.sort().map((file) => readFile(new URL(file, folder))));
}
