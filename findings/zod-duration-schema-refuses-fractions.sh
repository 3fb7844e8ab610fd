#!/usr/bin/env bash
# zod 4.6.7 writes a JSON Schema for z.iso.duration(); ajv 8.20.0 with ajv-formats 3.0.1 reads it.
# Expected: a duration that zod parses is valid by the schema that zod wrote.
# Observed: whole seconds are (PT90S). Fractions (PT1.5S) are not: zod writes "format": "duration",
# which in JSON Schema means the grammar of RFC 3339, without fractions, beside a pattern that
# allows them. For z.iso.time(), which would differ in the same way, zod writes no format.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts \
  zod@4.6.7 ajv@8.20.0 ajv-formats@3.0.1 >/dev/null
cat >check.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { z } from "zod";

const ajv = new Ajv2020();
formats.default(ajv);
for (const [name, schema, format, text, valid] of [
  ["duration", z.iso.duration(), "duration", "PT90S", true],
  ["duration", z.iso.duration(), "duration", "PT1.5S", false],
  ["time", z.iso.time(), undefined, "09:30:00", true],
]) {
  const written = z.toJSONSchema(schema);
  assert.equal(written.format, format);
  assert.ok(schema.safeParse(text).success);
  const observed = ajv.validate(written, text);
  console.log(`${name} ${text}: zod parses it, ajv says ${observed} (format: ${format})`);
  assert.equal(observed, valid);
}
SCRIPT
node check.mjs
