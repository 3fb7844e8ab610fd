#!/usr/bin/env bash
# hyparquet 1.33.0 with a filter and rowEnd: 3 over the numbers 0 to 9, asked for those of at least 5.
# Guess: the first three rows that match (5, 6, 7), as LIMIT does beside WHERE. Seen: no row; rowEnd
# cuts the file's rows before the filter looks at them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts hyparquet@1.33.0 hyparquet-writer@0.17.0 >/dev/null
cat >check.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import { parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";

const numbers = Array.from({ length: 10 }, (_, i) => i);
const file = parquetWriteBuffer({ columnData: [{ name: "i", data: numbers, type: "INT32" }] });
const rows = await parquetReadObjects({ file, filter: { i: { $gte: 5 } }, rowEnd: 3 });
console.log(`guess: 3 rows\nseen:  ${rows.length} rows`);
assert.deepEqual(rows, []);
SCRIPT
node check.mjs
