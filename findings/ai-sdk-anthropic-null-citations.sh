#!/usr/bin/env bash
# @ai-sdk/anthropic 3.0.140 (AI SDK 6) reads a text block with "citations": null from /v1/messages.
# Anthropic's own SDK allows null in its type.
# Expected: null means no citations, and generateText returns the text.
# Observed: generateText rejects with "Invalid JSON response". Without the field it returns the text.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts ai@6.0.326 @ai-sdk/anthropic@3.0.140 >/dev/null
cat >check.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createAnthropic } from "@ai-sdk/anthropic";
import { generateText } from "ai";

const answer = (block) => ({
  ...{ id: "msg_1", type: "message", role: "assistant", model: "m", stop_reason: "end_turn" },
  ...{ stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 }, content: [block] },
});
const ask = async (block) => {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answer(block)));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseURL = `http://127.0.0.1:${server.address().port}/v1`;
  const model = createAnthropic({ baseURL, apiKey: "k" })("m");
  try {
    return (await generateText({ model, prompt: "Hi", maxRetries: 0 })).text;
  } catch (error) {
    return `rejects: ${error.message}`;
  } finally {
    server.close();
  }
};
const plain = await ask({ type: "text", text: "Hello" });
const withNull = await ask({ type: "text", text: "Hello", citations: null });
console.log(`without the field: ${plain}\nwith null:         ${withNull}`);
assert.equal(plain, "Hello");
assert.match(withNull, /^rejects: Invalid JSON response/);
SCRIPT
node check.mjs
