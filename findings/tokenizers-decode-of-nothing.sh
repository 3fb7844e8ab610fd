#!/usr/bin/env bash
# @huggingface/tokenizers 0.2.0 (JavaScript): decode([]), as for an empty completion.
# Expected: "", like the Python and Rust packages of the same family.
# Observed: it throws, so a caller must check for an empty list before each call.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @huggingface/tokenizers@0.2.0 >/dev/null
cat >check.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import { Tokenizer } from "@huggingface/tokenizers";

const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
const model = { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] };
const file = {
  ...{ version: "1.0", added_tokens: [], normalizer: null, post_processor: null },
  ...{ pre_tokenizer: byteLevel, decoder: byteLevel, model },
};
const tokenizer = new Tokenizer(file, { tokenizer_class: "PreTrainedTokenizerFast" });
assert.equal(tokenizer.decode([2]), "ab");
assert.throws(() => tokenizer.decode([]), /non-empty/);
console.log('expected: decode([]) is ""\nobserved: it throws "token_ids must be a non-empty array of integers."');
SCRIPT
node check.mjs
