#!/usr/bin/env node
// Writes models/tiny: random weights from a fixed seed in the published layout, with a tokenizer
// and a template of our own. It answers nonsense, but it runs every part of the program in
// seconds. The same bytes come out on every run and every machine.
//
//   node scripts/make-tiny.mjs [folder]

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  bytesOf,
  configText,
  generationText,
  headerOf,
  preprocessorText,
  tensorsOf,
} from "./layout.mjs";
import { generator, normal, toBf16 } from "./tiny/random.mjs";
import { makeTokenizer } from "./tiny/tokenizer.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
/** An upper bound: the text runs out of repeated pairs earlier. */
const MAX_MERGES = 400;
const SIZES = {
  pattern: "M-M*-M-M*-",
  hidden: 128,
  mambaHeads: 8,
  mambaHeadDim: 32,
  groups: 2,
  state: 32,
  heads: 4,
  kvHeads: 2,
  headDim: 32,
  intermediate: 320,
  tilePx: 64,
  positionSide: 8,
  prefixTokens: 8,
  vision: { model: "vit_tiny_patch16", hidden: 64, layers: 2, heads: 4, mlp: 256 },
  projector: 256,
};

const folder = process.argv[2] ?? join(HERE, "../models/tiny");
makeTiny(folder);

function makeTiny(dir) {
  const text = readFileSync(join(HERE, "tiny/text.txt"), "utf8");
  const { tokenizer, config, imageId, size } = makeTokenizer(text, MAX_MERGES);
  const sizes = { ...SIZES, imageId, vocabulary: Math.ceil(size / 32) * 32 };
  mkdirSync(dir, { recursive: true });
  const write = (name, content) => writeFileSync(join(dir, name), content);
  write("config.json", configText(sizes));
  write("preprocessor_config.json", preprocessorText(sizes));
  write("generation_config.json", generationText());
  write("tokenizer.json", `${JSON.stringify(tokenizer, null, 1)}\n`);
  write("tokenizer_config.json", `${JSON.stringify(config, null, 1)}\n`);
  write("chat_template.jinja", readFileSync(join(HERE, "tiny/chat_template.jinja")));
  write("model.safetensors", weightsFile(tensorsOf(sizes)));
}

function weightsFile(tensors) {
  const { header, dataBytes } = headerOf(tensors);
  const file = Buffer.alloc(header.length + dataBytes);
  header.copy(file);
  const random = generator(12);
  let at = header.length;
  for (const tensor of tensors) {
    const values = valuesOf(tensor, random);
    const step = tensor.dtype === "F32" ? 4 : 2;
    values.forEach((value, i) => {
      if (step === 4) file.writeFloatLE(value, at + 4 * i);
      else file.writeUInt16LE(toBf16(value), at + 2 * i);
    });
    at += bytesOf(tensor);
  }
  return file;
}

/** The spreads keep every activation near 1, as in a trained network. */
function valuesOf({ name, shape, init }, random) {
  const count = shape.reduce((a, b) => a * b, 1);
  const fill = (make) => Array.from({ length: count }, (_, i) => make(i));
  const spread = (std, mean = 0) => fill(() => mean + std * normal(random));
  switch (init) {
    case "embedding":
      return spread(0.7);
    case "linear":
      return spread(linearSpread(name) / Math.sqrt(shape.at(-1)));
    case "norm":
      return spread(0.1, 1);
    case "zero":
      return spread(0.02);
    case "conv":
      return spread(0.5);
    case "position":
      return spread(0.3);
    case "d":
      return spread(0.1, 1);
    case "aLog":
      return fill((head) => Math.log(head + 1));
    case "dtBias":
      return fill(() => inverseSoftplus(0.001 * 100 ** random()));
    default:
      return fill((i) => [0.5, 0.25, 0.125][i % 3]);
  }
}

/** Makes logits sharper than activations, and halves the layers that add to the residual. */
function linearSpread(name) {
  if (name.includes("lm_head")) return 2;
  return /out_proj|o_proj|down_proj|fc2|attn\.proj/.test(name) ? 0.5 : 1;
}

function inverseSoftplus(value) {
  return value + Math.log(-Math.expm1(-value));
}
