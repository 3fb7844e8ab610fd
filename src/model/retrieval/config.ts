// config.json of a retrieval model → one frozen RetrievalConfig: a two-sided Llama that embeds or
// scores texts, with or without a SigLIP tower.            Source: MODEL.md § Retrieval models.

import { join } from "node:path";
import { LIMITS } from "../../core/limits.ts";
import { type JsonObject, readJsonFile } from "../../weights/json.ts";
import type { TensorIndex } from "../../weights/safetensors.ts";
import {
  type Fields,
  fieldOf,
  flag,
  invalid,
  real,
  section,
  show,
  size,
  text,
  tokenIds,
  unsupported,
} from "../config-fields.ts";
import { parseRope, type RopeConfig } from "./rope.ts";
import { parseSiglip, type SiglipConfig } from "./vision-config.ts";

export interface TowerConfig {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly intermediate: number;
  readonly vocabulary: number;
  readonly eps: number;
  readonly rope: RopeConfig;
  /** Longest sequence. */
  readonly positions: number;
  readonly bosId: number;
}

export interface RetrievalConfig {
  readonly kind: "embedding" | "rerank";
  /** Names of the text tower's tensors begin with it. */
  readonly prefix: "" | "model." | "language_model.";
  readonly text: TowerConfig;
  readonly vision: SiglipConfig | undefined;
  /** Divides the logits of a reranker. */
  readonly temperature: number;
}

type ShapeOf = (name: string) => readonly number[] | undefined;

/** The networks that are implemented, by `model_type`. */
const KINDS: Readonly<Record<string, Pick<RetrievalConfig, "kind"> & { readonly vl: boolean }>> = {
  llama_bidirec: { kind: "embedding", vl: false },
  llama_nemotron_vl: { kind: "embedding", vl: true },
};
const RERANKER = "LlamaBidirectionalForSequenceClassification";

/** Reads and checks the configuration. Throws invalid_checkpoint or unsupported_checkpoint. */
export async function readRetrievalConfig(index: TensorIndex): Promise<RetrievalConfig> {
  const json = (name: string) => readJsonFile(join(index.dir, name));
  const config = await json("config.json");
  if (config === undefined) return invalid(`${index.dir} has no config.json`);
  const processor =
    (await json("processor_config.json")) ?? (await json("preprocessor_config.json"));
  return parseRetrievalConfig(config, processor, (name) => index.tensors.get(name)?.shape);
}

export function parseRetrievalConfig(
  config: JsonObject,
  processor: JsonObject | undefined,
  shapeOf: ShapeOf,
): RetrievalConfig {
  const root: Fields = { where: "config.json", values: config };
  const type = text(root, "model_type", "missing");
  const found = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (found === undefined) {
    const known = Object.keys(KINDS).join(" and ");
    return unsupported(`config.json: model_type is ${type}; the retrieval models are ${known}`);
  }
  const llm = found.vl ? section(root, "llm_config") : root;
  if (llm === undefined) return unsupported("config.json has no llm_config");
  requirePooling(root);
  const isReranker = !found.vl && architecturesOf(root).includes(RERANKER);
  const vision = found.vl ? parseSiglip(root, processor, shapeOf) : undefined;
  const parsed: RetrievalConfig = {
    kind: isReranker ? "rerank" : found.kind,
    prefix: found.vl ? "language_model." : isReranker ? "model." : "",
    text: parseTower(llm),
    vision,
    temperature: real(root, "temperature", { min: 1e-6, max: 1e6, fallback: 1 }),
  };
  const { vocabulary } = parsed.text;
  if (vision !== undefined && vision.imageId >= vocabulary) {
    return invalid(`config.json: img_context_token_id ${vision.imageId} is beyond vocab_size`);
  }
  return Object.freeze(parsed);
}

/** transformers leaves the value out where it is the class's default, which is "avg" for texts. */
function requirePooling(root: Fields): void {
  const pooling = text(root, "pooling", section(root, "llm_config") ? "missing" : "avg");
  if (pooling === "avg") return;
  unsupported(
    `config.json: pooling is ${pooling}; only avg, the mean of all tokens, is implemented`,
  );
}

function parseTower(llm: Fields): TowerConfig {
  for (const [key, wanted] of [
    ["hidden_act", "silu"],
    ["attention_bias", false],
    ["mlp_bias", false],
  ] as const) {
    const value = typeof wanted === "boolean" ? flag(llm, key, wanted) : text(llm, key, wanted);
    if (value !== wanted) unsupported(`${llm.where}: ${key} is ${show(value)}, not ${wanted}`);
  }
  const [hidden, heads] = [size(llm, "hidden_size"), size(llm, "num_attention_heads")];
  const kvHeads = size(llm, "num_key_value_heads", heads);
  const headDim = size(llm, "head_dim", hidden / heads);
  if (heads % kvHeads !== 0) {
    invalid(`num_attention_heads ${heads} is no multiple of num_key_value_heads ${kvHeads}`);
  }
  if (headDim % 16 !== 0)
    unsupported(`head_dim is ${headDim}; only multiples of 16 are implemented`);
  if (heads / kvHeads > 64)
    unsupported(`${heads / kvHeads} query heads share a KV head; at most 64`);
  const stored = size(llm, "max_position_embeddings");
  return {
    hidden,
    layers: size(llm, "num_hidden_layers"),
    heads,
    kvHeads,
    headDim,
    intermediate: size(llm, "intermediate_size"),
    vocabulary: size(llm, "vocab_size"),
    eps: real(llm, "rms_norm_eps", { min: 0, max: 1, fallback: 1e-6 }),
    rope: parseRope(llm),
    positions: Math.min(stored, LIMITS.embedding.inputTokens),
    bosId: tokenIds(llm, "bos_token_id")[0] ?? invalid(`${llm.where}: bos_token_id is missing`),
  };
}

function architecturesOf(root: Fields): readonly unknown[] {
  const value = fieldOf(root, "architectures");
  return Array.isArray(value) ? value : [];
}
