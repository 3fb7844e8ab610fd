#!/usr/bin/env bash
# hyparquet 1.33.0 reads DECIMAL(18, 2) and timestamps in microseconds. The file stores both as
# integers.
# Expected: an exact decimal (text or a scaled bigint), and a time with all six digits.
# Observed: the decimal is a float without its last digits; the time is a Date cut to milliseconds.
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

const integer = { type: "INT64", repetition_type: "REQUIRED" };
const schema = [
  { name: "root", num_children: 2 },
  { name: "price", ...integer, converted_type: "DECIMAL", scale: 2, precision: 18 },
  { name: "time", ...integer, converted_type: "TIMESTAMP_MICROS" },
];
const columnData = [
  { name: "price", data: [123456789012345678n] },
  { name: "time", data: [1767225600123456n] },
];
const file = parquetWriteBuffer({ schema, columnData });
const [row] = await parquetReadObjects({ file });
console.log(`expected: 1234567890123456.78 and …00.123456Z\nobserved: ${row.price} and ${row.time.toISOString()}`);
assert.equal(row.price, 1234567890123456.8);
assert.equal(row.time.toISOString(), "2026-01-01T00:00:00.123Z");
SCRIPT
node check.mjs
