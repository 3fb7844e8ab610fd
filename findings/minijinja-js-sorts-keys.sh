#!/usr/bin/env bash
# minijinja-js 2.11.0 sorts the keys of JavaScript objects. Guess: tojson and loops keep the order
# of insertion, as Python's dict and JSON.stringify do, so a tool schema {name, arguments} is shown
# to the model as it was written. Seen: arguments comes before name, in tojson and in loops.
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
console.log(`guess: ${JSON.stringify(tool)}\nseen:  ${json}\nkeys:  ${keys}`);
assert.equal(json, '{"arguments":{"city":"Oslo"},"name":"weather"}');
assert.equal(keys, "arguments name ");
SCRIPT
node check.mjs
