// The largest inputs that the server accepts, or refuses only after work: one builder for each kind
// of work that a request can cause before the model runs.
import { gzipSync } from "node:zlib";

const MIB = 1024 * 1024;
const MODEL = "vireo/tiny";
/** JSON around the large part of a body. */
const AROUND_BYTES = 4096;

const chat = (messages, rest = {}) =>
  JSON.stringify({ model: MODEL, messages, max_tokens: 1, ...rest });
const user = (content) => [{ role: "user", content }];

/** A text of ordinary words. */
export function words(characters) {
  const sentence = "The river ran down the hill, and 17 people asked where it would end. ";
  return sentence.repeat(Math.ceil(characters / sentence.length)).slice(0, characters);
}

function post(path, body, headers = {}) {
  return {
    method: "POST",
    path,
    body,
    headers: { "content-type": "application/json", ...headers },
  };
}

const chatPath = "/v1/chat/completions";

/** A chat with a field that the server ignores. json: its value. */
function withUnknown(json) {
  return `${chat(user("hi")).slice(0, -1)},"unknown":${json}}`;
}

/** A body of `bytes` bytes that repeats `item` in an ignored list. */
function filled(bytes, item) {
  const count = Math.floor((bytes - AROUND_BYTES) / (item.length + 1));
  const list = `[${Array.from({ length: count }, () => item).join(",")}]`;
  return withUnknown(list);
}

function manyParts(messages, parts) {
  const content = Array.from({ length: parts }, () => ({ type: "text", text: "a" }));
  return chat(Array.from({ length: messages }, () => ({ role: "user", content })));
}

/** base64 of a file that begins as its type does and is damaged afterwards. */
function fileOf(bytes, start) {
  const file = Buffer.alloc(bytes, 0x41);
  file.write(start, "latin1");
  return file.toString("base64");
}
const PNG = "\x89PNG\r\n\x1a\n";

const picture = (data) => ({
  type: "image_url",
  image_url: { url: `data:image/png;base64,${data}` },
});
const document = (data) => ({
  type: "file",
  file: { file_data: `data:application/pdf;base64,${data}` },
});

/** A schema of about `bytes` bytes with as many properties as fit. */
function schema(bytes, properties = 4000) {
  const names = Array.from({ length: properties }, (_, i) => [`p${i}`, { type: "string" }]);
  const whole = { type: "object", properties: Object.fromEntries(names) };
  let text = JSON.stringify(whole);
  while (text.length > bytes) {
    delete whole.properties[names.pop()[0]];
    text = JSON.stringify(whole);
  }
  return whole;
}

function tools(count, bytes) {
  const parameters = schema(Math.floor(bytes / count) - 200);
  return Array.from({ length: count }, (_, i) => ({
    type: "function",
    function: { name: `tool_${i}`, parameters },
  }));
}

const deep = (levels) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const nested = (levels) => withUnknown(deep(levels));

/** Calls and results in one conversation: each result is looked up among the calls before it. */
function manyCalls(rounds, calls) {
  const messages = [{ role: "user", content: "hi" }];
  for (let round = 0; messages.length + 1 + calls <= rounds; round++) {
    const ids = Array.from({ length: calls }, (_, i) => `c${round}_${i}`);
    const tool_calls = ids.map((id) => ({
      id,
      type: "function",
      function: { name: "f", arguments: "{}" },
    }));
    messages.push({ role: "assistant", content: "", tool_calls });
    for (const id of ids) messages.push({ role: "tool", tool_call_id: id, content: "1" });
  }
  return chat(messages);
}

/** Name of the input → request. The builders run once each, because the bodies are large. */
export const INPUTS = {
  "1,000 messages of 1,000 parts": () => post(chatPath, manyParts(1000, 1000)),
  "the same, compressed": () => {
    return post(chatPath, gzipSync(manyParts(1000, 1000)), { "content-encoding": "gzip" });
  },
  "64 MiB of numbers": () => post(chatPath, filled(64 * MIB, "1")),
  "64 MiB of objects": () => post(chatPath, filled(64 * MIB, '{"a":1}')),
  "64 MiB of brackets": () => post(chatPath, nested(31 * MIB)),
  "a body of 256 KiB in small objects": () => post(chatPath, filled(256 * 1024, "{}")),
  "a document of 46 MiB": () =>
    post(chatPath, chat(user([document(fileOf(46 * MIB, "%PDF-1.7\n"))]))),
  "three pictures of 14 MiB": () => {
    const data = fileOf(14 * MIB, PNG);
    return post(chatPath, chat(user([data, data, data].map(picture))));
  },
  "a message of 4 M characters": () => post(chatPath, chat(user(words(4 * MIB)))),
  "a message of 4 M characters without blanks": () => {
    return post(chatPath, chat(user("ab1".repeat(1_390_000))));
  },
  "a message of 200,000 characters": () => post(chatPath, chat(user(words(200_000)))),
  "128 tools of 256 KiB": () => {
    return post(chatPath, chat(user("hi"), { tools: tools(128, 250_000) }));
  },
  "500 calls and results": () => post(chatPath, manyCalls(1000, 1)),
  "a schema of 64 KiB": () => {
    const json_schema = { name: "s", schema: schema(65_000, 2400) };
    const response_format = { type: "json_schema", json_schema };
    return post(chatPath, chat(user("hi"), { response_format }));
  },
  "a raw prompt of 4 M characters": () => {
    return post(
      "/v1/completions",
      JSON.stringify({ model: MODEL, prompt: words(4 * MIB), max_tokens: 1 }),
    );
  },
  "128 raw prompts of 32,000 characters": () => {
    const prompt = Array.from({ length: 128 }, () => words(32_000));
    return post("/v1/completions", JSON.stringify({ model: MODEL, prompt, max_tokens: 1 }));
  },
  "1 M characters to tokenize": () => {
    return post(
      "/tokenize",
      JSON.stringify({ model: MODEL, prompt: words(MIB), return_token_strs: true }),
    );
  },
  "249,000 ids to detokenize": () => {
    const tokens = Array.from({ length: 249_000 }, (_, i) => 200 + (i % 100));
    return post("/detokenize", JSON.stringify({ model: MODEL, tokens }));
  },
  "4 M characters to count": () => {
    return post("/v1/estimate", chat(user(words(4 * MIB))));
  },
};
