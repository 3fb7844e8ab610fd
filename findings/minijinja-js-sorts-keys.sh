#!/usr/bin/env bash
# minijinja-js 2.11.0 renders JavaScript objects with tojson and in loops.
# Expected: keys keep their order of insertion, as in Python's dict and JSON.stringify, so the model
# reads a tool schema {name, arguments} as it was written.
# Observed: keys are sorted; "arguments" comes before "name", in tojson and in loops.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts minijinja-js@2.11.0 >/dev/null
cat >check.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import { Environment } from "minijinja-js";

const environment = new Environment();
const tool = { name: "weather", arguments: { city: "Oslo" } };
const json = environment.renderStr("{{ tool | tojson }}", { tool });
const keys = environment.renderStr("{% for key in tool %}{{ key }} {% endfor %}", { tool });
console.log(`expected: ${JSON.stringify(tool)}\nobserved: ${json}\nkeys: ${keys}`);
assert.equal(json, '{"arguments":{"city":"Oslo"},"name":"weather"}');
assert.equal(keys, "arguments name ");
SCRIPT
node check.mjs
