// Measures the cost of the server without the model. The server runs in its own process and is
// called over the loopback interface. The script reports three figures:
//   - the latency that the server adds at half load, with the engine on the null backend
//   - SSE chunks per core second, with an upstream that only emits words
//   - the memory of 500 open streams, with the same upstream
//
//   node scripts/measure-server.mjs [--seconds 10]
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: { seconds: { type: "string", default: "10" }, words: { type: "string" } },
});
const seconds = Number(values.seconds);
const TOKENS = 16;
const STREAMS = 500;
const port = 20_000 + (process.pid % 20_000);
const agent = new Agent({ keepAlive: true, maxSockets: 1000 });

/** Runs in the child process: serves an upstream that emits a word every pauseMs (0: no pause). */
async function serveWords(pauseMs) {
  const { listen } = await import(join(root, "dist/server/listen.js"));
  const usage = { promptTokens: 1, imageTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
  const timings = { queueMs: 0, mediaMs: 0, prefillMs: 0, decodeMs: 0 };
  const load = { running: 0, waiting: 0, kvCacheUsage: 0, preemptions: 0 };
  const model = { id: "words", aliases: [], createdUnix: 0, ownedBy: "us", fingerprint: "words" };
  const upstream = {
    models: [{ ...model, contextTokens: 100_000, maxOutputTokens: 100_000 }],
    ready: true,
    load: { ...load, prefixTokensAsked: 0, prefixTokensFound: 0 },
    async *chat({ maxTokens }) {
      yield { type: "start", promptTokens: 1, imageTokens: 0 };
      for (let i = 0; i < maxTokens; i++) {
        yield { type: "text", text: "word " };
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
        else if (i % 8 === 0) await new Promise(setImmediate);
      }
      const total = { ...usage, completionTokens: maxTokens };
      yield { type: "end", reason: "length", nativeReason: "length", usage: total, timings };
    },
  };
  await listen({ upstream, log: () => {}, host: "127.0.0.1", port: Number(process.env.PORT) });
  process.stderr.write("ready\n");
}

function start(args) {
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, PORT: String(port) },
  });
  return new Promise((resolve, reject) => {
    child.once("exit", () => reject(new Error("the server exited before it was ready")));
    child.stderr.on("data", (text) => String(text).includes("ready") && resolve(child));
  });
}
const startEngine = () =>
  start([
    join(root, "dist/cli/main.js"),
    "serve",
    "--model",
    "tiny",
    "--backend",
    "null",
    "--no-cache",
  ]);
const startWords = (pauseMs) => start([fileURLToPath(import.meta.url), "--words", String(pauseMs)]);

async function using(child, body) {
  try {
    return await body(child.pid);
  } finally {
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exited;
  }
}

function ask(body, onData = () => {}) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const headers = { "content-type": "application/json" };
    const path = "/v1/chat/completions";
    const sent = request({ host: "127.0.0.1", port, method: "POST", path, headers, agent });
    sent.once("error", reject);
    sent.once("response", (response) => {
      let text = "";
      response.on("data", (data) => {
        text += data;
        onData(data);
      });
      response.once("end", () => {
        if (response.statusCode !== 200) reject(new Error(`${response.statusCode} ${text}`));
        else resolve({ ms: performance.now() - start, text });
      });
      response.once("error", reject);
    });
    sent.end(JSON.stringify(body));
  });
}

const chat = (max_tokens, extra = {}) => ({
  model: "vireo/tiny",
  messages: [{ role: "user", content: "What is in the picture, and where?" }],
  max_tokens,
  ignore_eos: true,
  ...extra,
});

const percentile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
};
/** Returns the CPU seconds and the resident MB of a process. */
function usage(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1];
  return { cpu: (Number(stat[11]) + Number(stat[12])) / 100, rss: Number(rss) / 1024 };
}

/** Returns request times in milliseconds without a server: the engine alone, in this process. */
async function engineAlone() {
  const { open } = await import(join(root, "dist/index.js"));
  const engine = await open(join(root, "models/tiny"), { backend: "null", cacheDir: false });
  const sampling = { temperature: 0, topP: 1, topK: 0, minP: 0, logitBias: [] };
  const neutral = { repetitionPenalty: 1, frequencyPenalty: 0, presencePenalty: 0 };
  const { messages } = chat(TOKENS);
  const limits = { maxTokens: TOKENS, ignoreEos: true, stop: [], reasoning: {} };
  const times = [];
  for (let i = 0; i < 600; i++) {
    const start = performance.now();
    for await (const _ of engine.chat({
      messages,
      ...limits,
      sampling: { ...sampling, ...neutral },
    }));
    times.push(performance.now() - start);
  }
  await engine.close();
  return times.slice(200);
}

async function closedLoop(clients, ms) {
  const end = performance.now() + ms;
  let count = 0;
  const work = async () => {
    while (performance.now() < end) {
      await ask(chat(TOKENS));
      count++;
    }
  };
  await Promise.all(Array.from({ length: clients }, work));
  return (count * 1000) / ms;
}

/** Sends requests at a constant rate, independent of the answers; returns their times in ms. */
async function openLoop(rate, ms) {
  const pending = [];
  const start = performance.now();
  for (let i = 0; (i * 1000) / rate < ms; i++) {
    const wait = start + (i * 1000) / rate - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    pending.push(ask(chat(TOKENS)));
  }
  return (await Promise.all(pending)).map((answer) => answer.ms);
}

async function measureLatency() {
  const alone = await engineAlone();
  await closedLoop(4, 3000);
  const maxRate = await closedLoop(8, 3000);
  console.log(
    `engine ${percentile(alone, 0.5).toFixed(2)} ms; at most ${maxRate.toFixed(0)} requests/s`,
  );
  const windows = [];
  for (let i = 0; i < 5; i++) {
    const times = await openLoop(maxRate / 2, (seconds * 1000) / 5);
    const [p50, p99] = [0.5, 0.99].map((share) => {
      return percentile(times, share) - percentile(alone, 0.5);
    });
    windows.push({ p50, p99 });
    console.log(`added latency at half load: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`);
  }
  const best = (name) => Math.min(...windows.map((window) => window[name])).toFixed(2);
  console.log(`best window: p50 ${best("p50")} ms, p99 ${best("p99")} ms`);
}

async function measureChunks(pid) {
  const stream = { model: "words", stream: true };
  await ask(chat(5000, stream));
  let best = 0;
  for (let round = 0; round < 5; round++) {
    let chunks = 0;
    const before = usage(pid).cpu;
    await Promise.all(
      Array.from({ length: 8 }, () =>
        ask(chat(3000, stream), (data) => {
          chunks += String(data).split("data: ").length - 1;
        }),
      ),
    );
    best = Math.max(best, chunks / (usage(pid).cpu - before));
  }
  console.log(`SSE: ${best.toFixed(0)} chunks per core second (best of five rounds)`);
}

async function measureStreams(pid) {
  const idle = usage(pid).rss;
  const open = new Set();
  const many = Array.from({ length: STREAMS }, (_, i) =>
    ask(chat(200, { model: "words", stream: true }), () => open.add(i)),
  );
  let peak = 0;
  const watch = setInterval(() => {
    if (open.size === STREAMS) peak = Math.max(peak, usage(pid).rss);
  }, 50);
  await Promise.all(many);
  clearInterval(watch);
  const text = `${peak.toFixed(0)} MB resident (${idle.toFixed(0)} MB before)`;
  console.log(`${STREAMS} open streams: ${text}`);
}

if (values.words === undefined) {
  console.log(`load average ${loadavg()[0].toFixed(2)}; ${TOKENS} tokens per request`);
  await using(await startEngine(), measureLatency);
  await using(await startWords(0), measureChunks);
  await using(await startWords(50), measureStreams);
  agent.destroy();
} else {
  await serveWords(Number(values.words));
}
