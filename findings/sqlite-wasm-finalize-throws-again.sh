#!/usr/bin/env bash
# node-sqlite3-wasm 0.8.60: a prepared statement whose last run broke a UNIQUE constraint, caught by
# the caller, is then finalized.
# Expected: finalize() releases the statement; the error was reported when the run failed.
# Observed: finalize() throws the constraint's error a second time, since it passes on the code that
# sqlite3_finalize returns, which is that of the last run. The database takes the next insert.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts node-sqlite3-wasm@0.8.60 >/dev/null
cat >check.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import sqlite from "node-sqlite3-wasm";

const messageOf = (action) => {
  try {
    action();
    return "no error";
  } catch (error) {
    return error.message;
  }
};
const database = new sqlite.Database();
database.exec("CREATE TABLE pages(hash TEXT UNIQUE)");
const insert = database.prepare("INSERT INTO pages VALUES (?)");
insert.run("a");
const seen = [
  messageOf(() => insert.run("a")),
  messageOf(() => insert.finalize()),
  messageOf(() => database.run("INSERT INTO pages VALUES (?)", ["b"])),
];
console.log(JSON.stringify(seen));
assert.match(seen[0], /UNIQUE/);
assert.equal(seen[1], seen[0]);
assert.equal(seen[2], "no error");
SCRIPT
node check.mjs
