#!/usr/bin/env bash
# hyparquet 1.33.0 filters the numbers 0 to 9 by "at least 5", with rowEnd: 3.
# Expected: the first three matching rows (5, 6, 7), like LIMIT with WHERE.
# Observed: no rows, because rowEnd cuts the rows of the file before the filter runs.
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
console.log(`expected: 3 rows\nobserved: ${rows.length} rows`);
assert.deepEqual(rows, []);
SCRIPT
node check.mjs
