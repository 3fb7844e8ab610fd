#!/usr/bin/env bash
# sharp 0.35.5 (libvips 8.18) reads an RGB TIFF whose planes are stored apart
# (PlanarConfiguration 2), once in strips and once in tiles. Needs Debian's libtiff-tools.
# Expected: the same pixels, as libtiff's tools, ImageMagick and Pillow give for both.
# Observed: strips are read; tiles are refused ("tiled separate planes not supported").
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts sharp@0.35.5 >/dev/null
cat >check.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import sharp from "sharp";

const create = { width: 64, height: 48, channels: 3, background: { r: 200, g: 100, b: 50 } };
await sharp({ create }).tiff({ compression: "none" }).toFile("contiguous.tif");
for (const [layout, options, read] of [
  ["strips", ["-s"], true],
  ["tiles", ["-t", "-w", "32", "-l", "32"], false],
]) {
  const file = `${layout}.tif`;
  execFileSync("tiffcp", ["-p", "separate", ...options, "contiguous.tif", file]);
  const back = ["-p", "contig", "-s", file, `back-${file}`];
  execFileSync("tiffcp", back); // libtiff itself reads both
  const pixels = await sharp(`back-${file}`).raw().toBuffer();
  assert.deepEqual([...pixels.subarray(0, 3)], [200, 100, 50]);
  const seen = await sharp(file).raw().toBuffer().then(
    (raw) => `${raw[0]} ${raw[1]} ${raw[2]}`,
    (error) => error.message.trim().split("\n").at(-1),
  );
  console.log(`separate planes in ${layout}: ${seen}`);
  assert.equal(seen === "200 100 50", read);
  if (!read) assert.match(seen, /tiled separate planes not supported/);
}
SCRIPT
node check.mjs
