// The kinds of work that the tenants of a soak test do. Each returns an outcome in words, and
// throws if the answer is neither complete nor told to be incomplete.
import { createHash, randomBytes, randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { INPUTS } from "../bounds/inputs.mjs";
import { checkChat, checkError, checkStream, parse } from "./answers.mjs";

export const MODEL = "vireo/tiny";
const CHAT = "/v1/chat/completions";
const WORDS = "the invoice lists three items and a total that the clerk has to check today".split(
  " ",
);
/** Files that one tenant keeps; the oldest is deleted first. */
const MAX_FILES = 3;
const MAX_FILE_BYTES = 1_500_000;
/** Longer pauses than the server accepts from a reader, and shorter ones. */
const STALL_MS = 40_000;

export const pick = (list) => list[randomInt(list.length)];
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const randomText = (count) => Array.from({ length: count }, () => pick(WORDS)).join(" ");
const sample = (name) =>
  readFileSync(fileURLToPath(new URL(`../../web/src/samples/${name}`, import.meta.url)));
const dataUrl = (type, bytes) => `data:${type};base64,${bytes.toString("base64")}`;

const PICTURES = await Promise.all(
  Array.from({ length: 40 }, (_, i) => {
    const create = { width: 60 + i * 7, height: 200 - i * 3, channels: 3 };
    const background = { r: i * 6, g: 255 - i * 6, b: 90 };
    return sharp({ create: { ...create, background } })
      .png()
      .toBuffer();
  }),
);
const VIDEO = sample("video.mp4");
const DOCUMENT = sample("document.pdf");
/** Each input once: the bodies are large. */
const EDGES = Object.entries(INPUTS).map(([name, { make }]) => ({ name, make }));

export const chat = (content, extra = {}) => ({
  model: MODEL,
  messages: [{ role: "user", content }],
  max_tokens: 8 + randomInt(40),
  ...extra,
});
const streamed = (content, extra) =>
  chat(content, { stream: true, stream_options: { include_usage: true }, ...extra });

async function ask(client, content, extra, options) {
  return checkChat(client, await client.postJson(CHAT, chat(content, extra)), options);
}

/** Bytes behind the end of a file change its cache key; decoders ignore them. */
const unlike = (file) => Buffer.concat([file, randomBytes(8)]);

async function schema({ client }) {
  const properties = { name: { enum: ["a", "b"] }, ok: { type: "boolean" } };
  const strict = { type: "object", properties, required: ["name", "ok"] };
  const json_schema = { name: "x", schema: { ...strict, additionalProperties: false } };
  const response_format = { type: "json_schema", json_schema };
  const body = chat(randomText(5), { response_format, max_tokens: 200 });
  const answer = await client.postJson(CHAT, body);
  const outcome = checkChat(client, answer);
  if (outcome !== "complete") return outcome;
  const [{ message, finish_reason }] = JSON.parse(answer.bytes).choices;
  if (finish_reason === "stop") {
    const { name, ok } = JSON.parse(message.content);
    if (!["a", "b"].includes(name) || typeof ok !== "boolean") throw new Error(message.content);
  }
  return outcome;
}

async function media({ client }, part) {
  return await ask(client, [{ type: "text", text: randomText(4) }, part], {}, { media: true });
}

/** Disconnects after a random time: before, during or after the answer, or within the body. */
async function disconnect({ client }) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), randomInt(200));
  const long = pick([randomText(50), randomText(20_000)]);
  const body = streamed(long, { max_tokens: 500 });
  await client.postJson(CHAT, body, { signal: controller.signal }).catch(() => {});
  clearTimeout(timer);
  return "disconnected";
}

/** Reads nothing for a while. The server may cut the connection only after a long while. */
async function readSlowly({ client, isOver }) {
  const stallMs = pick([1000, 3000, 5000, STALL_MS]);
  const onResponse = (response) => {
    response.pause();
    const started = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - started < stallMs && !isOver()) return;
      clearInterval(timer);
      response.resume();
    }, 100);
  };
  const body = streamed(randomText(10), { max_tokens: 400, logprobs: true, top_logprobs: 20 });
  const sent = client.postJson(CHAT, body, { onResponse });
  return await sent.then(
    (answer) => checkStream(client, answer),
    (error) => {
      if (stallMs < STALL_MS) throw error;
      return "cut after reading nothing";
    },
  );
}

async function refused({ client }) {
  const bodies = ["{", "[]", "{}", chat(5), chat("x", { temperature: 9 }), chat("x", { n: 99 })];
  const { status, bytes } = await client.postJson(CHAT, pick(bodies));
  const { error } = parse(bytes, "the answer to an invalid request");
  if (status < 400 || (status >= 500 && error.code !== "server_busy") || !error.code)
    throw new Error(`an invalid request got status ${status}, not 4xx`);
  return "refused";
}

/** Stores a file, asks about it, and deletes the oldest one. */
async function file({ client, files }) {
  const bytes = Buffer.concat([pick(PICTURES), randomBytes(randomInt(MAX_FILE_BYTES))]);
  const form = new FormData();
  form.append("purpose", "user_data");
  form.append("file", new Blob([bytes]), "soak.png");
  const encoded = new Response(form);
  const headers = { "content-type": encoded.headers.get("content-type") };
  const body = Buffer.from(await encoded.arrayBuffer());
  const answer = await client.send({ path: "/v1/files", headers, body });
  const stored = parse(answer.bytes, "the answer to an upload");
  if (answer.status !== 200) return checkError(answer.status, stored);
  files.set(stored.id, sha256(bytes));
  if (files.size <= MAX_FILES) return "complete";
  const [[oldest, hash]] = files;
  files.delete(oldest); // now, so that no other client of the tenant deletes it too
  const path = `/v1/files/${oldest}`;
  const deleted = await client.send({ method: "DELETE", path });
  if (deleted.status === 200) return "complete";
  files.set(oldest, hash);
  return checkError(deleted.status, parse(deleted.bytes, path));
}

/** A response that continues a stored one. */
async function conversation({ client }) {
  const first = { model: MODEL, input: randomText(5), max_output_tokens: 16 };
  const answer = await client.postJson("/v1/responses", first);
  const body = parse(answer.bytes, "a response");
  if (answer.status !== 200) return checkError(answer.status, body);
  countTokens(client, body);
  const second = { ...first, previous_response_id: body.id };
  const next = await client.postJson("/v1/responses", second);
  const continued = parse(next.bytes, "a continued response");
  if (next.status !== 200) return checkError(next.status, continued);
  countTokens(client, continued);
  return "complete";
}

function countTokens(client, { usage }) {
  client.count({ prompt_tokens: usage.input_tokens, completion_tokens: usage.output_tokens });
}

/** The work of ordinary tenants. */
export const WORK = {
  short: ({ client }) => ask(client, randomText(5)),
  long: ({ client }) => ask(client, randomText(200 + randomInt(1000))),
  repeated: ({ client }) => ask(client, `${"This again. ".repeat(60)}${randomText(3)}`),
  sampled: ({ client }) => ask(client, randomText(20), { temperature: 1, top_p: 0.9 }),
  picture: (tenant) => {
    const url = dataUrl("image/png", pick(PICTURES));
    return media(tenant, { type: "image_url", image_url: { url } });
  },
  video: (tenant) => {
    const url = dataUrl("video/mp4", unlike(VIDEO));
    return media(tenant, { type: "video_url", video_url: { url } });
  },
  document: (tenant) => {
    const file_data = dataUrl("application/pdf", unlike(DOCUMENT));
    return media(tenant, { type: "file", file: { filename: "soak.pdf", file_data } });
  },
  stream: async ({ client }) =>
    checkStream(client, await client.postJson(CHAT, streamed(randomText(10)))),
  schema,
  conversation,
  file,
  disconnect,
  "slow reader": readSlowly,
  refused,
};

/** The work of the hostile tenant: the largest inputs that the limits permit. */
export const HOSTILE = {
  edge: async ({ client }) => {
    const edge = pick(EDGES);
    edge.input ??= await edge.make();
    const { status, bytes } = await client.send(edge.input).catch((error) => {
      throw new Error(`${edge.name}: ${error.message}`, { cause: error });
    });
    if (status === 200) return "complete";
    const { error } = parse(bytes, `the answer to ${edge.name}`);
    if (status >= 500) return checkError(status, { error });
    return `told ${error.code}`;
  },
  disconnect,
  refused,
};
