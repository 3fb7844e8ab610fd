#!/usr/bin/env bash
# write-excel-file 4.1.1 writes the text "_x0041_" (a part number, say) into a cell. Guess: it comes back
# from other libraries as it was, since OOXML has an escape for exactly this (_x005F_x0041_). Seen: the
# writer leaves it bare, and exceljs 4.4.0 reads another text, "A".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts write-excel-file@4.1.1 read-excel-file@9.3.2 exceljs@4.4.0 >/dev/null
cat >check.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import ExcelJS from "exceljs";
import writeExcelFile from "write-excel-file/node";

const file = await writeExcelFile([[{ value: "_x0041_", type: String }]]);
await file.toFile("out.xlsx");
const book = new ExcelJS.Workbook();
await book.xlsx.load(await readFile("out.xlsx"));
const cell = book.worksheets[0].getCell("A1").value;
console.log(`guess: "_x0041_"\nseen:  ${JSON.stringify(cell)}`);
assert.equal(cell, "A");
SCRIPT
node check.mjs
