#!/usr/bin/env bash
# Poppler's pdftotext -bbox (22.12, Debian 12: poppler-utils) on a page of 300 × 200 with /Rotate 90.
# Expected: the size of the page and the boxes of its words use the same coordinates.
# Observed: the boxes use the rotated page (200 × 300), but the page element has the unrotated size
# (300 × 200), so a word can lie outside its page.
set -euo pipefail
version=$(pdftotext -v 2>&1 | sed -n 's/^pdftotext version \([0-9]*\.[0-9]*\).*/\1/p')
[ "$version" = 22.12 ] || { echo "pdftotext $version, not 22.12 (apt-get install poppler-utils)"; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
content='BT /F 12 Tf 220 100 Td (Total) Tj ET'
cat >in.pdf <<PDF
%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/Rotate 90/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>> endobj
4 0 obj <</Length ${#content}>> stream
$content
endstream endobj
5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj
trailer <</Root 1 0 R>>
PDF
pdftotext -bbox in.pdf out.html 2>/dev/null
grep -E '<page|<word' out.html
height=$(sed -n 's/.*<page.* height="\([0-9]*\).*/\1/p' out.html)
bottom=$(sed -n 's/.*<word.* yMax="\([0-9]*\).*/\1/p' out.html)
[ "$height" = 200 ] && [ "$bottom" -gt "$height" ]
