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

const json = (path, body) => post(path, JSON.stringify({ model: MODEL, ...body }));

/** Every list of the sampling fields as long as it may be. */
function fullSampling() {
  const count = (length, make) => Array.from({ length }, (_, i) => make(i));
  return {
    stop: count(16, (i) => String(i).padStart(256, "s")),
    stop_token_ids: count(64, (i) => 500 + i),
    bad_words: count(128, (i) => `word ${i}`),
    logprobs: true,
    top_logprobs: 20,
    n: 8,
  };
}

/** Most of the ids do not exist in a small vocabulary, which is found after parsing. */
const biases = () => Object.fromEntries(Array.from({ length: 1024 }, (_, i) => [i, 1]));

/** A picture of one pixel. */
const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg" +
  "gg==";

const format = (schema) => ({
  response_format: { type: "json_schema", json_schema: { name: "s", schema } },
});

function deepSchema(levels) {
  return levels === 0
    ? { type: "string" }
    : { type: "object", properties: { a: deepSchema(levels - 1) } };
}

/** A schema of many numbers with bounds, each of which becomes an automaton of its own. */
function boundedNumbers(count) {
  const numbers = Array.from({ length: count }, (_, i) => [
    `n${i}`,
    { type: "integer", minimum: -1234567 - i, maximum: 98765432 + i },
  ]);
  return { type: "object", properties: Object.fromEntries(numbers) };
}

/** A schema whose parts are merged with each other. */
function merges(count) {
  const parts = Array.from({ length: count }, (_, i) => ({
    properties: { [`p${i}`]: { type: "string" } },
  }));
  return { type: "object", allOf: parts };
}

const manyTexts = (messages, parts) => post(chatPath, manyParts(messages, parts));

/**
 * Name of the input → how to make the request, and the limits whose inside edge it is. Most are
 * just inside; the others are just outside of a limit that is found late.
 */
export const INPUTS = {
  "1,000 messages of 1,000 parts": {
    limits: ["request.partsPerMessage"],
    make: () => manyTexts(1000, 1000),
  },
  "the same, compressed": {
    limits: [],
    make: () => {
      return post(chatPath, gzipSync(manyParts(1000, 1000)), { "content-encoding": "gzip" });
    },
  },
  "1,000 messages of 10 parts": {
    limits: ["request.messages", "request.parts", "template.inlineParts"],
    make: () => manyTexts(1000, 10),
  },
  "a body of 256 KiB in 10,000 parts": {
    limits: ["parsing.inlineBytes"],
    make: () => manyTexts(10, 980),
  },
  "64 MiB of numbers": {
    limits: ["request.bodyBytes"],
    make: () => post(chatPath, filled(64 * MIB, "1")),
  },
  "64 MiB of objects": {
    limits: [],
    make: () => post(chatPath, filled(64 * MIB, '{"a":1}')),
  },
  "64 MiB of brackets": { limits: [], make: () => post(chatPath, nested(31 * MIB)) },
  "249,000 numbers": {
    limits: ["json.values"],
    make: () => post(chatPath, filled(498_000 + AROUND_BYTES, "1")),
  },
  "49,000 objects": {
    limits: ["json.objects"],
    make: () => post(chatPath, filled(49_000 * 8 + AROUND_BYTES, '{"a":1}')),
  },
  "small objects in 256 KiB": {
    limits: [],
    make: () => post(chatPath, filled(256 * 1024, "{}")),
  },
  "a document of 46 MiB": {
    limits: ["document.bytes", "parsing.workerBytes"],
    make: () => post(chatPath, chat(user([document(fileOf(46 * MIB, "%PDF-1.7\n"))]))),
  },
  "three pictures of 14 MiB": {
    limits: ["image.bytes"],
    make: () => {
      const data = fileOf(14 * MIB, PNG);
      return post(chatPath, chat(user([data, data, data].map(picture))));
    },
  },
  "64 pictures": {
    limits: ["request.images"],
    make: () => post(chatPath, chat(user(Array.from({ length: 64 }, () => picture(PIXEL))))),
  },
  "a message of 4 M characters": {
    limits: [
      "request.textCharacters",
      "template.workerBytes",
      "tokenizer.inlineCharacters",
      "tokenizer.workerBytes",
    ],
    make: () => post(chatPath, chat(user(words(4 * MIB)))),
  },
  "a message of 4 M characters without blanks": {
    limits: [],
    make: () => post(chatPath, chat(user("ab1".repeat(1_390_000)))),
  },
  "a message of 200,000 characters": {
    limits: ["template.inlineCharacters"],
    make: () => post(chatPath, chat(user(words(200_000)))),
  },
  "128 tools of 256 KiB": {
    limits: ["request.tools", "schema.bytesOfTools"],
    make: () => post(chatPath, chat(user("hi"), { tools: tools(128, 250_000) })),
  },
  "500 calls and results": { limits: [], make: () => post(chatPath, manyCalls(1000, 1)) },
  "7 rounds of 128 calls and results": {
    limits: [],
    make: () => post(chatPath, manyCalls(1000, 128)),
  },
  "full lists of sampling options": {
    limits: [
      "request.stopStrings",
      "request.stopStringCharacters",
      "request.stopTokens",
      "request.badWords",
      "request.topLogprobs",
      "request.answersPerPrompt",
    ],
    make: () => post(chatPath, chat(user("hi"), fullSampling())),
  },
  "1,024 biases": {
    limits: ["request.logitBiasEntries"],
    make: () => post(chatPath, chat(user("hi"), { logit_bias: biases() })),
  },
  "a schema of 64 KiB": {
    limits: ["schema.bytes", "schema.nodes", "grammar.workerBytes"],
    make: () => post(chatPath, chat(user("hi"), format(schema(64_000, 2300)))),
  },
  "a schema of 4 KiB": {
    limits: ["grammar.inlineCharacters"],
    make: () => post(chatPath, chat(user("hi"), format(schema(3900)))),
  },
  "a schema of 32 levels": {
    limits: ["schema.depth"],
    make: () => post(chatPath, chat(user("hi"), format(deepSchema(31)))),
  },
  "a schema of 256 bounded numbers": {
    limits: ["schema.boundedNumbers", "grammar.states"],
    make: () => post(chatPath, chat(user("hi"), format(boundedNumbers(256)))),
  },
  "a schema of 1,000 merges": {
    limits: ["schema.merges"],
    make: () => post(chatPath, chat(user("hi"), format(merges(1000)))),
  },
  "a pattern with many states": {
    limits: ["grammar.regularWork", "grammar.work"],
    make: () => {
      const structured_outputs = { regex: "(a|b|cd){1,400}([a-z]{1,30} ){1,40}" };
      return post(chatPath, chat(user("hi"), { structured_outputs }));
    },
  },
  "a raw prompt of 4 M characters": {
    limits: [],
    make: () => json("/v1/completions", { prompt: words(4 * MIB), max_tokens: 1 }),
  },
  "128 raw prompts of 32,000 characters": {
    limits: ["request.answers"],
    make: () => {
      const prompt = Array.from({ length: 128 }, () => words(32_000));
      return json("/v1/completions", { prompt, max_tokens: 1 });
    },
  },
  "1 M characters to tokenize": {
    limits: ["request.tokenizeCharacters"],
    make: () => json("/tokenize", { prompt: words(MIB), return_token_strs: true }),
  },
  "249,000 ids to detokenize": {
    limits: ["request.promptTokenIds"],
    make: () => {
      const tokens = Array.from({ length: 248_000 }, (_, i) => 200 + (i % 100));
      return json("/detokenize", { tokens });
    },
  },
  "4 M characters to count": {
    limits: [],
    make: () => post("/v1/estimate", chat(user(words(4 * MIB)))),
  },
  "a body of 60 MiB with an Idempotency-Key": {
    limits: ["replay.keyCharacters"],
    make: () => {
      const body = withUnknown(`"${"a".repeat(60 * MIB)}"`);
      return post(chatPath, body, { "idempotency-key": "k".repeat(255) });
    },
  },
  "64 URLs of 2,048 characters": {
    limits: ["fetch.urlCharacters"],
    make: () => {
      const url = `http://127.0.0.1/${"a".repeat(2000)}`;
      const part = { type: "image_url", image_url: { url } };
      return post(chatPath, chat(user(Array.from({ length: 64 }, () => part))));
    },
  },
  "a response of 4 M characters to store": {
    limits: ["storedResponse.bytesPerTenant"],
    make: () => json("/v1/responses", { input: words(4 * MIB), max_output_tokens: 1 }),
  },
};
