#!/usr/bin/env bash
# write-excel-file 4.1.1 writes the text "_x0041_" (a part number, for example) into a cell.
# Expected: other libraries read the same text, because OOXML has an escape for it (_x005F_x0041_).
# Observed: the writer does not escape it, and exceljs 4.4.0 reads "A".
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
console.log(`expected: "_x0041_"\nobserved: ${JSON.stringify(cell)}`);
assert.equal(cell, "A");
SCRIPT
node check.mjs
