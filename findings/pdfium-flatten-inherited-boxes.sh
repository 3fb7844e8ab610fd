#!/usr/bin/env bash
# @hyzyla/pdfium 2.1.13 (PDFium as WebAssembly): FPDFPage_Flatten on a page with one annotation. The
# page inherits its MediaBox of 1000 × 1000 from the parent node, as many PDF writers produce it.
# Expected: flattening draws the annotation into the page and keeps the page's size.
# Observed: the page becomes US Letter, 612 × 792, and loses its top and right. If the box is in the
# page itself, the size stays.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @hyzyla/pdfium@2.1.13 >/dev/null
cat >check.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import { PDFiumLibrary } from "@hyzyla/pdfium";

const BOX = "/MediaBox[0 0 1000 1000]";
const pdf = (inParent) => `%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1${inParent ? BOX : ""}>> endobj
3 0 obj <</Type/Page/Parent 2 0 R${inParent ? "" : BOX}/Annots[4 0 R]>> endobj
4 0 obj <</Type/Annot/Subtype/Square/Rect[10 10 60 60]/F 4/AP<</N 5 0 R>>>> endobj
5 0 obj <</Type/XObject/Subtype/Form/BBox[0 0 50 50]/Length 12>> stream
0 0 50 50 re
endstream endobj
trailer <</Root 1 0 R>>
`;
const library = await PDFiumLibrary.init();
for (const [inParent, size] of [
  [false, [1000, 1000]],
  [true, [612, 792]],
]) {
  const document = await library.loadDocument(Buffer.from(pdf(inParent), "latin1"));
  const { module } = library;
  const first = module._FPDF_LoadPage(document.documentIdx, 0);
  assert.equal(module._FPDFPage_Flatten(first, 0), 1);
  module._FPDF_ClosePage(first);
  const page = module._FPDF_LoadPage(document.documentIdx, 0);
  const observed = [module._FPDF_GetPageWidth(page), module._FPDF_GetPageHeight(page)];
  console.log(`box in the ${inParent ? "parent" : "page"}: ${observed.join(" × ")} after flattening`);
  assert.deepEqual(observed, size);
}
SCRIPT
node check.mjs
