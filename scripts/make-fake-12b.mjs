#!/usr/bin/env node
// Writes a folder that has everything of the 12B checkpoint except the weights: the JSON files and
// complete headers, with holes in sparse files instead of data. The folder takes a few MB of disk.
// With it, `vireo inspect`, the template probes and the memory plan run without a 26 GB download.
// fake/config.json has the published values. The tokenizer is a small one with the published ids
// of the media tokens, and the chat template is that of models/tiny.
//
//   node scripts/make-fake-12b.mjs <folder> [--format bf16|fp8|nvfp4]

import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  bytesOf,
  generationText,
  headerOf,
  NANO_12B,
  preprocessorText,
  tensorsOf,
} from "./layout.mjs";
import { makeTokenizer } from "./tiny/tokenizer.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const SHARD_BYTES = 5e9;
const MAX_MERGES = 400;
const EXCLUDED = ["lm_head", "language_model.lm_head", "mlp1*", "vision_model*"];

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
  writeJsonFiles(dir, format);
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

function writeJsonFiles(dir, format) {
  const config = readFileSync(join(HERE, "fake/config.json"), "utf8");
  const quantisation = { quant_algo: format.toUpperCase(), kv_cache_quant_algo: null };
  const mirrored = { quant_method: "modelopt", ...quantisation, ignore: EXCLUDED };
  const stated = `{\n  "quantization_config": ${JSON.stringify(mirrored)},`;
  writeFileSync(
    join(dir, "config.json"),
    format === "bf16" ? config : config.replace("{", () => stated),
  );
  if (format !== "bf16") {
    const quantization = { ...quantisation, group_size: 16, exclude_modules: EXCLUDED };
    const file = { producer: { name: "modelopt" }, quantization };
    writeFileSync(join(dir, "hf_quant_config.json"), JSON.stringify(file, null, 2));
  }
  const text = readFileSync(join(HERE, "tiny/text.txt"), "utf8");
  const made = makeTokenizer(text, MAX_MERGES, NANO_12B.imageId);
  writeFileSync(join(dir, "tokenizer.json"), JSON.stringify(made.tokenizer));
  writeFileSync(join(dir, "tokenizer_config.json"), JSON.stringify(made.config));
  copyFileSync(join(HERE, "tiny/chat_template.jinja"), join(dir, "chat_template.jinja"));
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
