#!/usr/bin/env bash
# @huggingface/jinja 0.5.11 renders some chat-template expressions differently from Python's jinja2
# 3.1, without an error.
# Expected: strip(chars) strips those characters, equal lists compare equal, % has Python's sign,
# none prints "None", and ~ keeps the ".0" of a float.
# Observed: strip ignores its argument and strips white space, equal lists compare unequal, % has
# JavaScript's sign, none prints nothing, and 1.0 becomes 1.
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
const observed = ["--x--", "  x--", "false", "-1", "", "x1"];
Object.entries(python).forEach(([template, expected], at) => {
  const text = new Template(template).render({});
  console.log(`${template}  Python: ${JSON.stringify(expected)}  here: ${JSON.stringify(text)}`);
  assert.equal(text, observed[at]);
});
SCRIPT
node check.mjs
