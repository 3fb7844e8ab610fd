#!/usr/bin/env bash
# @hyzyla/pdfium 2.1.13 (PDFium as WebAssembly) returns the text of a page in which "well-" ends one
# line and "known" begins the next.
# Expected: "well-", a line break, "known", as on the page.
# Observed: getText() replaces the hyphen of the compound word by the noncharacter U+FFFE (U+0002 from
# FPDFText_GetUnicode) and drops the line break. Before a digit both stay.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @hyzyla/pdfium@2.1.13 >/dev/null
cat >check.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import { PDFiumLibrary } from "@hyzyla/pdfium";

const content = "BT /F 12 Tf 20 150 Td (well-) Tj 0 -14 Td (known A-12-) Tj 0 -14 Td (7 end) Tj ET";
const pdf = `%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>> endobj
4 0 obj <</Length ${content.length}>> stream
${content}
endstream endobj
5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj
trailer <</Root 1 0 R>>
`;
const library = await PDFiumLibrary.init();
const document = await library.loadDocument(Buffer.from(pdf, "latin1"));
const text = document.getPage(0).getText();
console.log(`expected: "well-\\r\\nknown A-12-\\r\\n7 end"\nobserved: ${JSON.stringify(text)}`);
assert.equal(text, "well\uFFFEknown A-12-\r\n7 end");
SCRIPT
node check.mjs
