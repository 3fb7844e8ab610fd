#!/usr/bin/env node
// Writes a folder that has everything of the 12B checkpoint but its numbers: the JSON files and
// the full headers, with the data as holes in sparse files. It takes a few MB of disk and lets
// `vireo inspect` and the memory plan be tried without a 26 GB download.
//
//   node scripts/make-fake-12b.mjs <folder> [--format bf16|fp8|nvfp4]

import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  bytesOf,
  configText,
  generationText,
  headerOf,
  NANO_12B,
  preprocessorText,
  tensorsOf,
} from "./layout.mjs";

const SHARD_BYTES = 5e9;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { format: { type: "string", default: "bf16" } },
});
const [folder] = positionals;
if (folder === undefined || !["bf16", "fp8", "nvfp4"].includes(values.format)) {
  console.error("usage: node scripts/make-fake-12b.mjs <folder> [--format bf16|fp8|nvfp4]");
  process.exit(2);
}
makeFake(folder, values.format);

function makeFake(dir, format) {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "config.json"), configText(NANO_12B, format));
  writeFileSync(join(dir, "preprocessor_config.json"), preprocessorText(NANO_12B));
  writeFileSync(join(dir, "generation_config.json"), generationText());
  const shards = split(tensorsOf(NANO_12B, format));
  const weightMap = {};
  let total = 0;
  shards.forEach((tensors, number) => {
    const name = `model-${digits(number + 1)}-of-${digits(shards.length)}.safetensors`;
    const { header, dataBytes } = headerOf(tensors);
    const file = openSync(join(dir, name), "w");
    writeSync(file, header);
    ftruncateSync(file, header.length + dataBytes);
    closeSync(file);
    total += dataBytes;
    for (const tensor of tensors) weightMap[tensor.name] = name;
  });
  const index = { metadata: { total_size: total }, weight_map: weightMap };
  writeFileSync(join(dir, "model.safetensors.index.json"), JSON.stringify(index, null, 1));
  console.log(
    `${dir}: ${shards.length} sparse files that stand for ${(total / 1e9).toFixed(1)} GB`,
  );
}

function split(tensors) {
  const shards = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    const size = bytesOf(tensor);
    if (bytes > 0 && bytes + size > SHARD_BYTES) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1).push(tensor);
    bytes += size;
  }
  return shards;
}

function digits(number) {
  return String(number).padStart(5, "0");
}
