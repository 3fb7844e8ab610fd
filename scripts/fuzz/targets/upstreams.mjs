// Answers of other servers.

import { EventReader } from "../../../dist/upstreams/event-reader.js";
import { AnswerReader } from "../../../dist/upstreams/openai-compatible/answer-reader.js";
import { OPENAI } from "../../../dist/upstreams/openai-compatible/dialect.js";
import { listedModels } from "../../../dist/upstreams/openai-compatible/model-list.js";
import { cut, expect } from "../check.mjs";

const CHUNKS = [
  { id: "a", choices: [{ index: 0, delta: { role: "assistant", content: "Hel" } }] },
  {
    choices: [
      {
        index: 0,
        delta: { content: "lo", reasoning_content: "h" },
        logprobs: { content: [{ token: "lo", logprob: -1, bytes: [108], top_logprobs: [] }] },
      },
    ],
  },
  {
    choices: [
      {
        index: 0,
        delta: { tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: '{"x"' } }] },
      },
    ],
  },
  {
    choices: [
      {
        index: 0,
        delta: { tool_calls: [{ index: 0, function: { arguments: ": 1}" } }] },
        finish_reason: "tool_calls",
      },
    ],
  },
  {
    choices: [],
    usage: { prompt_tokens: 3, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 1 } },
  },
];

function events(reader, pieces) {
  return JSON.stringify(pieces.flatMap((piece) => reader.push(piece)));
}

export const targets = {
  "event-stream": {
    form: "bytes",
    covers: ["/dist/upstreams/event-reader.js"],
    dictionary: [
      "data: ",
      "event: e",
      "\n\n",
      "\r\n\r\n",
      "\r",
      ":",
      ": ping",
      "id: 1",
      "retry: 5",
      "[DONE]",
      [0xef, 0xbb, 0xbf],
      [0xc3, 0xa9],
    ],
    seeds: () =>
      [
        "data: {}\n\n",
        "event: e\r\ndata: a\r\ndata: b\r\n\r\n: ping\n\ndata: [DONE]\n\n",
        "data:\u00e9\r\r",
      ].map((text) => Buffer.from(text)),
    /** The events must not depend on how the stream is cut. */
    run(bytes) {
      const inOne = events(new EventReader(10_000), [bytes]);
      const inMany = events(new EventReader(10_000), cut(bytes));
      expect(inOne === inMany, `pieces change the events: ${inOne} and ${inMany}`);
    },
  },
  answer: {
    form: "json",
    covers: ["/dist/upstreams/openai-compatible/"],
    keys: [
      "choices",
      "delta",
      "message",
      "content",
      "reasoning",
      "reasoning_content",
      "reasoning_details",
      "tool_calls",
      "function",
      "arguments",
      "name",
      "index",
      "finish_reason",
      "usage",
      "error",
      "code",
      "logprobs",
      "refusal",
      "text",
    ],
    values: ["stop", "length", "error", "content_filter", "<think>", "</think>", 429, "f", -5],
    seeds: () => [
      CHUNKS,
      [{ choices: [{ message: { content: "<think>a</think>b" }, finish_reason: "stop" }] }],
      [{ error: { message: "e", code: 429 } }],
    ],
    run(chunks) {
      const options = { provider: "p", secrets: ["sk-secret"], splitsThinking: true };
      const reader = new AnswerReader(options);
      for (const chunk of Array.isArray(chunks) ? chunks : [chunks]) {
        for (const event of reader.push(chunk)) {
          const isText = typeof event.text === "string" && event.text !== "";
          expect(isText || event.type === "tool_call", `an empty event: ${JSON.stringify(event)}`);
        }
      }
      reader.end();
    },
  },
  "model-list": {
    form: "json",
    covers: ["/dist/upstreams/openai-compatible/model-list.js"],
    keys: [
      "data",
      "id",
      "context_length",
      "max_model_len",
      "pricing",
      "prompt",
      "completion",
      "architecture",
      "input_modalities",
      "supported_parameters",
      "created",
    ],
    values: ["0.0000001", "image", "1e-7", -1, 131_072],
    seeds: () => [
      {
        object: "list",
        data: [
          {
            id: "m",
            context_length: 4096,
            pricing: { prompt: "0.000001", completion: "0" },
            architecture: { input_modalities: ["text", "image"] },
            supported_parameters: ["tools"],
          },
        ],
      },
    ],
    run: (body) => void listedModels(body, { provider: "p", dialect: OPENAI }),
  },
};
