#!/usr/bin/env node
// Writes a tiny retrieval model: random weights from a fixed seed, in the published layout of
// llama-nemotron-embed-1b-v2 (text), llama-nemotron-embed-vl-1b-v2 (vl) or
// llama-nemotron-rerank-1b-v2 (rerank). Its vectors mean nothing, but they run every part of the
// program. It deliberately shares no code with src/model/retrieval, so that each checks the other.
//
//   node scripts/make-tiny-retrieval.mjs text|vl|rerank FOLDER

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bytesOf, headerOf } from "./layout.mjs";
import { generator, normal, toBf16 } from "./tiny/random.mjs";
import { makeTokenizer } from "./tiny/tokenizer.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const KINDS = ["text", "vl", "rerank"];
const TEXT = { hidden: 64, layers: 3, heads: 8, kvHeads: 2, headDim: 16, intermediate: 160 };
const VISION = { hidden: 48, layers: 2, heads: 4, intermediate: 112, patchPx: 8, tilePx: 32 };
const SEEDS = { text: 21, vl: 22, rerank: 23 };

const [kind, folder] = process.argv.slice(2);
if (!KINDS.includes(kind) || folder === undefined) {
  console.error(`usage: make-tiny-retrieval.mjs ${KINDS.join("|")} FOLDER`);
  process.exit(2);
}
write(kind, folder);

function write(kind, dir) {
  const text = readFileSync(join(HERE, "tiny/text.txt"), "utf8");
  const { tokenizer, config, imageId, size } = makeTokenizer(text, 200);
  const vocabulary = Math.ceil(size / 32) * 32;
  mkdirSync(dir, { recursive: true });
  const put = (name, value) =>
    writeFileSync(join(dir, name), `${JSON.stringify(value, null, 1)}\n`);
  put("config.json", configOf(kind, vocabulary, imageId));
  if (kind === "vl") put("processor_config.json", { max_input_tiles: 4, use_thumbnail: true });
  put("tokenizer.json", tokenizer);
  put("tokenizer_config.json", config);
  writeFileSync(join(dir, "model.safetensors"), weightsOf(tensorsOf(kind, vocabulary), kind));
}

function configOf(kind, vocabulary, imageId) {
  const text = {
    model_type: "llama_bidirec",
    architectures: [
      kind === "rerank" ? "LlamaBidirectionalForSequenceClassification" : "LlamaBidirectionalModel",
    ],
    hidden_size: TEXT.hidden,
    intermediate_size: TEXT.intermediate,
    num_hidden_layers: TEXT.layers,
    num_attention_heads: TEXT.heads,
    num_key_value_heads: TEXT.kvHeads,
    head_dim: TEXT.headDim,
    hidden_act: "silu",
    attention_bias: false,
    mlp_bias: false,
    rms_norm_eps: 1e-5,
    rope_theta: 500000.0,
    rope_scaling: {
      rope_type: "llama3",
      factor: 32.0,
      low_freq_factor: 1.0,
      high_freq_factor: 4.0,
      original_max_position_embeddings: 8192,
    },
    max_position_embeddings: 131072,
    bos_token_id: 1,
    vocab_size: vocabulary,
    pooling: "avg",
    temperature: kind === "rerank" ? 2.0 : 1.0,
  };
  if (kind !== "vl") return text;
  return {
    model_type: "llama_nemotron_vl",
    architectures: ["LlamaNemotronVLModel"],
    pooling: "avg",
    downsample_ratio: 0.5,
    select_layer: -1,
    force_image_size: VISION.tilePx,
    img_context_token_id: imageId,
    llm_config: text,
    vision_config: {
      model_type: "siglip_vision_model",
      hidden_size: VISION.hidden,
      intermediate_size: VISION.intermediate,
      num_hidden_layers: VISION.layers,
      num_attention_heads: VISION.heads,
      patch_size: VISION.patchPx,
      image_size: VISION.tilePx,
      layer_norm_eps: 1e-6,
      hidden_act: "gelu_pytorch_tanh",
    },
  };
}

function tensorsOf(kind, vocabulary) {
  const prefix = { text: "", vl: "language_model.", rerank: "model." }[kind];
  const tensors = textTensors(prefix, vocabulary);
  if (kind === "rerank") tensors.push(bf16("score.weight", [1, TEXT.hidden], "linear"));
  return kind === "vl" ? [...tensors, ...visionTensors()] : tensors;
}

function textTensors(prefix, vocabulary) {
  const { hidden, layers, heads, kvHeads, headDim, intermediate } = TEXT;
  const tensors = [bf16(`${prefix}embed_tokens.weight`, [vocabulary, hidden], "embedding")];
  for (let layer = 0; layer < layers; layer++) {
    const at = `${prefix}layers.${layer}`;
    tensors.push(
      bf16(`${at}.input_layernorm.weight`, [hidden], "norm"),
      bf16(`${at}.self_attn.q_proj.weight`, [heads * headDim, hidden], "linear"),
      bf16(`${at}.self_attn.k_proj.weight`, [kvHeads * headDim, hidden], "linear"),
      bf16(`${at}.self_attn.v_proj.weight`, [kvHeads * headDim, hidden], "linear"),
      bf16(`${at}.self_attn.o_proj.weight`, [hidden, heads * headDim], "linear"),
      bf16(`${at}.post_attention_layernorm.weight`, [hidden], "norm"),
      bf16(`${at}.mlp.gate_proj.weight`, [intermediate, hidden], "linear"),
      bf16(`${at}.mlp.up_proj.weight`, [intermediate, hidden], "linear"),
      bf16(`${at}.mlp.down_proj.weight`, [hidden, intermediate], "linear"),
    );
  }
  return [...tensors, bf16(`${prefix}norm.weight`, [hidden], "norm")];
}

function visionTensors() {
  const { hidden, layers, intermediate, patchPx, tilePx } = VISION;
  const root = "vision_model.vision_model";
  const tensors = [];
  const linear = (name, outputs, inputs) =>
    tensors.push(
      bf16(`${name}.weight`, [outputs, inputs], "linear"),
      bf16(`${name}.bias`, [outputs], "bias"),
    );
  const norm = (name, width) =>
    tensors.push(bf16(`${name}.weight`, [width], "norm"), bf16(`${name}.bias`, [width], "bias"));
  const embeddings = `${root}.embeddings`;
  tensors.push(
    bf16(`${embeddings}.patch_embedding.weight`, [hidden, 3, patchPx, patchPx], "patch"),
    bf16(`${embeddings}.patch_embedding.bias`, [hidden], "bias"),
    bf16(`${embeddings}.position_embedding.weight`, [(tilePx / patchPx) ** 2, hidden], "position"),
  );
  for (let layer = 0; layer < layers; layer++) {
    const at = `${root}.encoder.layers.${layer}`;
    norm(`${at}.layer_norm1`, hidden);
    for (const name of ["q_proj", "k_proj", "v_proj", "out_proj"]) {
      linear(`${at}.self_attn.${name}`, hidden, hidden);
    }
    norm(`${at}.layer_norm2`, hidden);
    linear(`${at}.mlp.fc1`, intermediate, hidden);
    linear(`${at}.mlp.fc2`, hidden, intermediate);
  }
  norm(`${root}.post_layernorm`, hidden);
  tensors.push(bf16(`${root}.head.probe`, [1, 1, hidden], "linear")); // stored and not used
  norm("mlp1.0", 4 * hidden);
  linear("mlp1.1", TEXT.hidden, 4 * hidden);
  linear("mlp1.3", TEXT.hidden, TEXT.hidden);
  return tensors;
}

function bf16(name, shape, init) {
  return { name, dtype: "BF16", shape, init };
}

function weightsOf(tensors, kind) {
  const { header, dataBytes } = headerOf(tensors);
  const file = Buffer.alloc(header.length + dataBytes);
  header.copy(file);
  const random = generator(SEEDS[kind]);
  let at = header.length;
  for (const tensor of tensors) {
    const count = tensor.shape.reduce((a, b) => a * b, 1);
    const [mean, spread] = spreadOf(tensor);
    for (let i = 0; i < count; i++) {
      file.writeUInt16LE(toBf16(mean + spread * normal(random)), at + 2 * i);
    }
    at += bytesOf(tensor);
  }
  return file;
}

/** Keeps every activation near 1, as in a trained network. */
function spreadOf({ shape, init }) {
  switch (init) {
    case "norm":
      return [1, 0.1];
    case "bias":
      return [0, 0.05];
    case "position":
      return [0, 0.3];
    case "embedding":
      return [0, 0.7];
    default:
      return [0, 1 / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1))];
  }
}
