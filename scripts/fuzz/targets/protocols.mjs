// Request bodies of all protocols, after they were parsed as JSON.

import { VireoError } from "../../../dist/core/errors.js";
import { parseCall } from "../../../dist/protocols/ai-gateway/call.js";
import {
  parseCountRequest,
  parseMessagesRequest,
} from "../../../dist/protocols/anthropic/request.js";
import { parseChatRequest } from "../../../dist/protocols/openai/chat.js";
import { parseCompletionRequest } from "../../../dist/protocols/openai/completions.js";
import { parseResponseRequest } from "../../../dist/protocols/openai/responses.js";
import { decodeDataUrl } from "../../../dist/protocols/shared/data-url.js";
import { parseJson } from "../../../dist/protocols/shared/json.js";
import { measureJson } from "../../../dist/protocols/shared/json-size.js";
import { parseEstimate } from "../../../dist/protocols/vireo/estimate.js";
import { parseExtract } from "../../../dist/protocols/vireo/extract.js";
import { parseTokenize } from "../../../dist/protocols/vireo/tokenize.js";
import { expect } from "../check.mjs";

const MODEL = {
  id: "vireo/mini",
  aliases: ["mini"],
  createdUnix: 0,
  ownedBy: "vireo",
  contextTokens: 4096,
  maxOutputTokens: 1024,
  fingerprint: "0",
  reasoning: true,
};
const MODELS = [MODEL];
const PICTURE = "data:image/png;base64,iVBORw0KGgo=";
const TOOL = {
  name: "look_up",
  description: "d",
  parameters: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
};
const SCHEMA = { type: "object", properties: { total: { type: "number" } }, required: ["total"] };

const CHAT = {
  model: "mini",
  messages: [
    { role: "system", content: "s" },
    {
      role: "user",
      content: [
        { type: "text", text: "t" },
        { type: "image_url", image_url: { url: PICTURE, detail: "high" } },
        { type: "video_url", video_url: { url: "https://example.com/a.mp4" } },
        {
          type: "file",
          file: { file_data: "data:application/pdf;base64,JVBERi0=", filename: "a" },
        },
      ],
    },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "c", type: "function", function: { name: "look_up", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "c", content: "1" },
  ],
  tools: [{ type: "function", function: TOOL }],
  tool_choice: { type: "function", function: { name: "look_up" } },
  response_format: {
    type: "json_schema",
    json_schema: { name: "a", strict: true, schema: SCHEMA },
  },
  stream: true,
  stream_options: { include_usage: true },
  max_completion_tokens: 9,
  temperature: 0.5,
  top_p: 0.9,
  seed: 1,
  n: 2,
  stop: ["a", "b"],
  logprobs: true,
  top_logprobs: 3,
  logit_bias: { 5: 1.5 },
  reasoning: { effort: "low", max_tokens: 20 },
  provider: { order: ["local"], allow_fallbacks: true, max_price: { prompt: "1" } },
  models: ["mini"],
  chat_template_kwargs: { enable_thinking: true },
  mm_processor_kwargs: { max_num_tiles: 4 },
};
const COMPLETION = {
  model: "mini",
  prompt: ["a", "b"],
  max_tokens: 5,
  logprobs: 2,
  echo: true,
  n: 1,
  stop: "x",
  guided_regex: "a+",
};
const RESPONSE = {
  model: "mini",
  instructions: "i",
  input: [
    {
      role: "user",
      content: [
        { type: "input_text", text: "t" },
        { type: "input_image", image_url: PICTURE },
      ],
    },
    { type: "reasoning", id: "r", summary: [] },
    { type: "function_call", call_id: "c", name: "look_up", arguments: "{}" },
    { type: "function_call_output", call_id: "c", output: "1" },
  ],
  tools: [{ type: "function", ...TOOL, strict: true }],
  tool_choice: "auto",
  text: { format: { type: "json_schema", name: "a", schema: SCHEMA } },
  reasoning: { effort: "low" },
  max_output_tokens: 20,
  include: ["message.output_text.logprobs"],
  store: false,
  stream: true,
};
const MESSAGES = {
  model: "mini",
  max_tokens: 20,
  system: [{ type: "text", text: "s", cache_control: { type: "ephemeral" } }],
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: "t" },
        {
          type: "image",
          source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" },
        },
        { type: "document", source: { type: "text", media_type: "text/plain", data: "d" } },
      ],
    },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "h", signature: "s" },
        { type: "tool_use", id: "c", name: "look_up", input: { id: "1" } },
      ],
    },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "c", content: "1" }] },
  ],
  tools: [{ name: "look_up", description: "d", input_schema: TOOL.parameters }],
  tool_choice: { type: "any" },
  thinking: { type: "enabled", budget_tokens: 1024 },
  stop_sequences: ["a"],
  stream: true,
};
const CALL = {
  prompt: [
    { role: "system", content: "s" },
    {
      role: "user",
      content: [
        { type: "text", text: "t" },
        { type: "file", mediaType: "image/png", data: { type: "data", data: "iVBORw0KGgo=" } },
      ],
    },
    {
      role: "assistant",
      content: [{ type: "tool-call", toolCallId: "c", toolName: "look_up", input: {} }],
    },
    {
      role: "tool",
      content: [
        {
          type: "tool-result",
          toolCallId: "c",
          toolName: "look_up",
          output: { type: "text", value: "1" },
        },
      ],
    },
  ],
  tools: [{ type: "function", name: "look_up", inputSchema: TOOL.parameters }],
  toolChoice: { type: "auto" },
  responseFormat: { type: "json", schema: SCHEMA },
  maxOutputTokens: 20,
  temperature: 0,
  stopSequences: ["a"],
  reasoning: "low",
  providerOptions: { gateway: { order: ["local"] }, vireo: { reasoningEffort: "low" } },
};
const EXTRACT = {
  model: "mini",
  file: { file_data: "data:application/pdf;base64,JVBERi0=", filename: "a.pdf" },
  schema: SCHEMA,
  pages: "1-2",
  verify: true,
  max_tokens: 50,
  stream: true,
};

const KEYS = keysOf([CHAT, COMPLETION, RESPONSE, MESSAGES, CALL, EXTRACT]);

function keysOf(values) {
  const keys = new Set(["__proto__", "toString", "max_tokens", "guided_json", "grammar", "url"]);
  const walk = (value) => {
    if (typeof value !== "object" || value === null) return;
    if (!Array.isArray(value)) for (const key of Object.keys(value)) keys.add(key);
    for (const entry of Object.values(value)) walk(entry);
  };
  values.forEach(walk);
  return [...keys];
}

/** A refusal must be the client's fault, and no body may change what other bodies inherit. */
function body(seed, parse) {
  return {
    form: "json",
    covers: ["/dist/protocols/"],
    keys: KEYS,
    values: ["json_object", "json_schema", "required", "high", "minimal", PICTURE, "file-1", 4096],
    seeds: () => [seed],
    run(json) {
      try {
        parse(json);
      } catch (error) {
        if (!(error instanceof VireoError)) throw error;
        expect(error.code !== "internal_error", `a body caused ${error.code}`);
        expect(error.message.length < 4000, "the refusal repeats too much of the body");
      } finally {
        expect(Object.keys(Object.prototype).length === 0, "Object.prototype was changed");
      }
    },
  };
}

export const targets = {
  "chat-body": body(CHAT, (json) => parseChatRequest(json, MODELS)),
  "estimate-body": body(CHAT, (json) => parseEstimate(json, MODELS)),
  "completion-body": body(COMPLETION, parseCompletionRequest),
  "response-body": body(RESPONSE, (json) => parseResponseRequest(json, MODELS)),
  "messages-body": body(MESSAGES, (json) => parseMessagesRequest(json, MODELS)),
  "count-body": body(MESSAGES, (json) => parseCountRequest(json, MODELS)),
  "gateway-body": body(CALL, (json) => parseCall(json, "mini", MODELS)),
  "extract-body": body(EXTRACT, parseExtract),
  "tokenize-body": body(CHAT, (json) => parseTokenize(json, MODELS)),
  json: {
    form: "bytes",
    covers: ["/dist/protocols/shared/json"],
    dictionary: ["{", "}", "[", "]", ":", ",", '"a"', "\\u0041", "1e9", "true", "null", "\ufeff"],
    seeds: () => [CHAT, COMPLETION].map((value) => Buffer.from(JSON.stringify(value))),
    /** The counts before parsing are those of the parsed value, if no key is repeated. */
    run(bytes) {
      const { values, objects } = measureJson(bytes);
      const counts = countsOf(parseJson(bytes));
      expect(values >= counts.values, `counted ${values} values of ${counts.values}`);
      expect(objects >= counts.objects, `counted ${objects} objects of ${counts.objects}`);
    },
  },
  "data-url": {
    form: "text",
    covers: ["/dist/protocols/shared/data-url.js"],
    dictionary: ["data:", "image/png", "video/jpeg", ";base64,", ",", "%2B", "%", "#", "=", "\n"],
    seeds: () => [
      PICTURE,
      "data:video/jpeg;base64,/9j/,/9j/",
      "data:text/plain,a%20b",
      "data:;base64,AA==",
    ],
    run(url) {
      for (const kind of ["image", "video", "document"]) {
        try {
          for (const file of decodeDataUrl(url, kind, "url").files) {
            expect(file.length <= url.length * 4, "a file is larger than its URL");
          }
        } catch (error) {
          if (!(error instanceof VireoError)) throw error;
        }
      }
    },
  },
};

function countsOf(root) {
  let [values, objects] = [0, 0];
  const waiting = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    values += 1;
    if (typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value)) objects += 1;
    for (const entry of Object.values(value)) waiting.push(entry);
  }
  return { values, objects };
}
