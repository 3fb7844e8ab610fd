#!/usr/bin/env bash
# @huggingface/jinja 0.5.11 renders some chat-template expressions to other text than Python's jinja2
# 3.1, without an error. Guess: a strip with an argument strips those characters, equal lists are
# equal, % follows Python's sign, none prints None, and a float joined by ~ keeps its ".0".
# Seen: the argument of strip is ignored (white space goes instead), equal lists differ, the sign
# is JavaScript's, none prints nothing, and 1.0 becomes 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @huggingface/jinja@0.5.11 >/dev/null
cat >check.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import { Template } from "@huggingface/jinja";

const python = {
  "{{ '--x--'.strip('-') }}": "x",
  "{{ '  x--'.rstrip('-') }}": "  x",
  "{{ [1, 2] == [1, 2] }}": "True",
  "{{ -7 % 3 }}": "2",
  "{{ none }}": "None",
  "{{ 'x' ~ 1.0 }}": "x1.0",
};
const seen = ["--x--", "  x--", "false", "-1", "", "x1"];
Object.entries(python).forEach(([template, right], at) => {
  const text = new Template(template).render({});
  console.log(`${template}  Python: ${JSON.stringify(right)}  here: ${JSON.stringify(text)}`);
  assert.equal(text, seen[at]);
});
SCRIPT
node check.mjs
