#!/usr/bin/env bash
# sharp 0.35.5 (libvips 8.18, libnsgif) decodes a GIF with a first frame of 100 × 50 on a larger
# logical screen.
# Expected: the decoded image has the size of the screen.
# Observed: so it has for 641 × 480 and 320 × 200. But libnsgif ignores screens of 640 × 480,
# 800 × 600, 1024 × 768, 1280 × 1024 and 1600 × 1200, and those wider than 2048. It then returns
# the frame alone, 100 × 50, without a warning.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts sharp@0.35.5 >/dev/null
cat >check.mjs <<'SCRIPT'
import assert from "node:assert/strict";
import sharp from "sharp";

const red = { width: 100, height: 50, channels: 3, background: "red" };
const gif = await sharp({ create: red }).gif().toBuffer();
for (const [width, height, whole] of [
  [641, 480, true],
  [320, 200, true],
  [640, 480, false],
  [800, 600, false],
  [1024, 768, false],
  [2100, 90, false],
]) {
  gif.writeUInt16LE(width, 6);
  gif.writeUInt16LE(height, 8);
  const { info } = await sharp(gif).raw().toBuffer({ resolveWithObject: true });
  console.log(`screen ${width} × ${height}: decoded ${info.width} × ${info.height}`);
  assert.deepEqual([info.width, info.height], whole ? [width, height] : [100, 50]);
}
SCRIPT
node check.mjs
