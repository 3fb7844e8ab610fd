// Soak test: keeps a server's queue full for a long time, checks every response and records the
// memory. Every response must be valid or an expected refusal, and the memory must not grow.
//   node scripts/soak.mjs [--minutes 30] [--clients 300]
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { loadavg } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    clients: { type: "string", default: "300" },
  },
});
const minutes = Number(values.minutes);
const clients = Number(values.clients);
const port = 20_000 + (process.pid % 20_000);
const url = `http://127.0.0.1:${port}/v1/chat/completions`;

const pictures = await Promise.all(
  Array.from({ length: 40 }, (_, i) => {
    const create = { width: 60 + i * 7, height: 200 - i * 3, channels: 3 };
    const background = { r: i * 6, g: 255 - i * 6, b: 90 };
    return sharp({ create: { ...create, background } })
      .png()
      .toBuffer();
  }),
);
const WORDS = "the invoice lists three items and a total that the clerk has to check today".split(
  " ",
);
const randomText = (count) =>
  Array.from({ length: count }, () => WORDS[randomInt(WORDS.length)]).join(" ");
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const pick = (list) => list[randomInt(list.length)];
const dataUrl = (bytes) => `data:image/png;base64,${bytes.toString("base64")}`;
const post = (body, signal) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
    signal,
  });
const chat = (content, extra = {}) => ({
  model: "vireo/tiny",
  messages: [{ role: "user", content }],
  max_tokens: 8 + randomInt(40),
  ...extra,
});

async function jsonOf(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    const length = response.headers.get("content-length");
    throw new Error(
      `status ${response.status}, length ${length}, body is not JSON: ${text.slice(0, 80)}`,
    );
  }
}

async function checkAnswer(response) {
  const body = await jsonOf(response);
  if (response.status === 429 && body.error.code === "queue_full") return "queue full";
  if (response.status !== 200) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  const [{ message, finish_reason }] = body.choices;
  if (typeof message.content !== "string" && !message.tool_calls)
    throw new Error("the message has neither content nor tool calls");
  if (finish_reason === null || body.usage.prompt_tokens < 1)
    throw new Error("finish_reason or prompt_tokens is missing");
  return "answered";
}

const WORK = {
  short: async () => checkAnswer(await post(chat(randomText(5)))),
  long: async () => checkAnswer(await post(chat(randomText(200 + randomInt(1000))))),
  repeated: async () =>
    checkAnswer(await post(chat(`${"This again. ".repeat(60)}${randomText(3)}`))),
  sampled: async () =>
    checkAnswer(await post(chat(randomText(20), { temperature: 1, top_p: 0.9 }))),
  picture: async () => {
    const image_url = { url: dataUrl(pick(pictures)) };
    return checkAnswer(
      await post(
        chat([
          { type: "text", text: randomText(4) },
          { type: "image_url", image_url },
        ]),
      ),
    );
  },
  streamed: async () => {
    const response = await post(chat(randomText(10), { stream: true }));
    if (response.status !== 200) return checkAnswer(response);
    const text = await response.text();
    if (!text.endsWith("data: [DONE]\n\n"))
      throw new Error(`a stream ends without [DONE]: ${text.slice(-80)}`);
    return "answered";
  },
  schema: async () => {
    const properties = { name: { enum: ["a", "b"] }, ok: { type: "boolean" } };
    const schema = { type: "object", properties, required: ["name", "ok"] };
    const strict = { ...schema, additionalProperties: false };
    const response_format = { type: "json_schema", json_schema: { name: "x", schema: strict } };
    const response = await post(chat(randomText(5), { response_format, max_tokens: 200 }));
    if (response.status !== 200) return checkAnswer(response);
    const [{ message, finish_reason }] = (await jsonOf(response)).choices;
    if (finish_reason === "stop") {
      const { name, ok } = JSON.parse(message.content);
      if (!["a", "b"].includes(name) || typeof ok !== "boolean") throw new Error(message.content);
    }
    return "answered";
  },
  aborted: async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), randomInt(60));
    const body = chat(randomText(50), { stream: true, max_tokens: 500 });
    const pending = post(body, controller.signal);
    await pending.then((response) => response.text()).catch(() => {});
    return "aborted";
  },
  invalid: async () => {
    const bodies = ["{", "[]", "{}", chat(5), chat("x", { temperature: 9 }), chat("x", { n: 99 })];
    const response = await post(pick(bodies));
    await response.text();
    if (response.status < 400 || response.status >= 500)
      throw new Error(`an invalid request got status ${response.status}, not 4xx`);
    return "refused";
  },
};

const preload = ["--expose-gc", "--import", join(root, "scripts/soak/memory.mjs")];
const serve = [join(root, "dist/cli/main.js"), "serve", "--model", "tiny", "--port", String(port)];
const server = spawn(process.execPath, [...preload, ...serve], {
  stdio: ["ignore", "ignore", "pipe", "ipc"],
});
await new Promise((resolve, reject) => {
  server.once("exit", () => reject(new Error("the server exited before it was ready")));
  server.stderr.on("data", (text) => String(text).includes("ready") && resolve());
});
const counts = {};
const errors = [];
const samples = [];
const started = performance.now();
const isOver = () => performance.now() - started > minutes * 60_000 || errors.length > 20;
const count = (outcome) => {
  counts[outcome] = (counts[outcome] ?? 0) + 1;
};

async function client() {
  while (!isOver()) {
    const name = pick(Object.keys(WORK));
    try {
      const outcome = await WORK[name]();
      count(outcome);
      if (outcome !== "answered") {
        await pause(outcome === "queue full" ? 500 + randomInt(1000) : 100);
      }
    } catch (error) {
      errors.push(`${name}: ${error.message}${error.cause ? ` (${error.cause.message})` : ""}`);
    }
  }
}

/**
 * Returns the growth in MB per ten minutes with its standard error, from a least-squares line
 * through the last two thirds of the samples.
 */
function slope(key) {
  const late = samples.slice(Math.floor(samples.length / 3));
  const mean = (of) => late.reduce((sum, sample) => sum + of(sample), 0) / late.length;
  const [mt, my] = [mean(({ t }) => t), mean((sample) => sample[key])];
  const spread = late.reduce((sum, { t }) => sum + (t - mt) ** 2, 0);
  const rise = late.reduce((sum, each) => sum + (each.t - mt) * (each[key] - my), 0) / spread;
  const squares = late.map((each) => (each[key] - my - rise * (each.t - mt)) ** 2);
  const residual = squares.reduce((sum, square) => sum + square, 0);
  const error = Math.sqrt(residual / (late.length - 2) / spread);
  return `${(rise * 600).toFixed(2)} ± ${(error * 600).toFixed(2)}`;
}

server.on("message", ({ rss, heapUsed }) => {
  const t = (performance.now() - started) / 1000;
  samples.push({ t, resident: rss / 2 ** 20, heap: heapUsed / 2 ** 20 });
  if (samples.length % 12 > 0) return;
  const { resident, heap } = samples.at(-1);
  const outcomes = Object.entries(counts).map(([name, number]) => `${number} ${name}`);
  const memory = `${resident.toFixed(0)} MB resident, ${heap.toFixed(1)} MB heap`;
  console.log(`${(t / 60).toFixed(0)} min: ${memory}; ${outcomes.join(", ")}`);
});

await Promise.all(Array.from({ length: clients }, client));
server.removeAllListeners("message");
const afterwards = await WORK.short();
server.kill("SIGTERM");
for (const error of errors) console.log(`error: ${error}`);
console.log(
  `${minutes} minutes, ${clients} clients: ${JSON.stringify(counts)}, ${errors.length} errors, ` +
    `then ${afterwards}; growth in ten minutes ${slope("resident")} MB resident, ` +
    `${slope("heap")} MB heap ` +
    `(load ${loadavg()[0].toFixed(1)})`,
);
process.exitCode = errors.length > 0 ? 1 : 0;
