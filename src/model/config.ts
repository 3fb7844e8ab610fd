// config.json, preprocessor_config.json and generation_config.json → one frozen ModelConfig.
// Every number is checked here once, so that later code can trust it.    Source: MODEL.md.

import { join } from "node:path";
import { LIMITS } from "../core/limits.ts";
import { type JsonObject, readJsonFile } from "../weights/json.ts";
import type { TensorIndex } from "../weights/safetensors.ts";
import {
  type Fields,
  fieldOf,
  flag,
  invalid,
  optionalSize,
  type Rgb,
  real,
  rgb,
  section,
  show,
  size,
  text,
  tokenIds,
  unsupported,
} from "./config-fields.ts";
import { refuseOtherNetworks } from "./supported.ts";
import { TENSOR } from "./tensor-names.ts";

export type LayerKind = "mamba2" | "mlp" | "attention";

export interface MambaConfig {
  readonly heads: number;
  readonly headDim: number;
  readonly groups: number;
  /** Columns of one head's state. */
  readonly state: number;
  readonly convKernel: number;
  /** heads · headDim. */
  readonly inner: number;
  /** inner + 2 · groups · state: the channels u, B and C that pass the convolution. */
  readonly convWidth: number;
  /** inner + convWidth + heads: rows of in_proj, in the order gate, conv input, dt. */
  readonly projWidth: number;
  /** Rows per chunk of a prefill; any value gives the same result. */
  readonly chunk: number;
}

export interface AttentionConfig {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

export interface TextConfig {
  readonly hidden: number;
  readonly layers: readonly LayerKind[];
  /** Rows of the embedding and of lm_head; more than the tokenizer has. */
  readonly vocabulary: number;
  readonly eps: number;
  readonly mamba: MambaConfig;
  readonly attention: AttentionConfig;
  readonly mlp: { readonly intermediate: number };
  readonly contextTokens: number;
}

export interface VisionConfig {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  readonly intermediate: number;
  readonly patchPx: number;
  readonly tilePx: number;
  /** Patches along one side of a tile. */
  readonly gridSide: number;
  readonly tokensPerTile: number;
  /** Class and register tokens in front of the patches: as many as the checkpoint stores. */
  readonly prefixTokens: number;
  /** Side of the stored position grid, in patches. */
  readonly positionSide: number;
  readonly eps: number;
}

export interface ModelConfig {
  /** The name in config.json; it is untrusted text. */
  readonly name: string | undefined;
  readonly text: TextConfig;
  readonly vision: VisionConfig;
  readonly projector: {
    readonly input: number;
    readonly hidden: number;
    readonly output: number;
    readonly eps: number;
  };
  readonly image: {
    /** Without the thumbnail. */
    readonly maxTiles: number;
    readonly useThumbnail: boolean;
    readonly mean: Rgb;
    readonly std: Rgb;
  };
  readonly tokens: {
    readonly image: string;
    readonly imageStart: string;
    readonly imageEnd: string;
    readonly video: string;
    /** Absent where config.json leaves it to the tokenizer. */
    readonly imageId: number | undefined;
    readonly bosId: number;
    readonly eosIds: readonly number[];
  };
  /** Share of a video's rows that EVS drops; 0 is off. */
  readonly videoPruningRate: number;
}

export interface ConfigFiles {
  readonly config: JsonObject;
  readonly preprocessor?: JsonObject;
  readonly generation?: JsonObject;
}

const LAYER_KINDS: ReadonlyMap<string, LayerKind> = new Map([
  ["M", "mamba2"],
  ["-", "mlp"],
  ["*", "attention"],
  // the names of transformers 5
  ["mamba", "mamba2"],
  ["mamba2", "mamba2"],
  ["mlp", "mlp"],
  ["attention", "attention"],
  ["full_attention", "attention"],
]);
const MAX_LAYERS = 1024;
const EOS_ID = 12;
const CLIP_MEAN: Rgb = [0.48145466, 0.4578275, 0.40821073];
const CLIP_STD: Rgb = [0.26862954, 0.26130258, 0.27577711];

/** Sizes that a name stands for where vision_config does not spell them out. */
const VISION_MODELS: ReadonlyMap<string, JsonObject> = new Map([
  [
    "vit_huge_patch16_224",
    {
      hidden_size: 1280,
      num_hidden_layers: 32,
      num_attention_heads: 16,
      intermediate_size: 5120,
    },
  ],
]);

/** Throws invalid_checkpoint or unsupported_checkpoint with one sentence. */
export async function readModelConfig(index: TensorIndex): Promise<ModelConfig> {
  const config = await readJsonFile(join(index.dir, "config.json"));
  if (config === undefined) return invalid(`${index.dir} has no config.json`);
  const preprocessor = await readJsonFile(join(index.dir, "preprocessor_config.json"));
  const generation = await readJsonFile(join(index.dir, "generation_config.json"));
  return parseModelConfig(
    { config, ...(preprocessor && { preprocessor }), ...(generation && { generation }) },
    (name) => index.tensors.get(name)?.shape,
  );
}

/**
 * shapeOf: shape of a stored tensor. Three numbers are taken from there because the files do not
 * name them reliably: vocabulary rows, prefix tokens and the side of the position grid.
 */
export function parseModelConfig(
  files: ConfigFiles,
  shapeOf: (name: string) => readonly number[] | undefined,
): ModelConfig {
  const root: Fields = { where: "config.json", values: files.config };
  const llm = section(root, "llm_config", "text_config");
  const vit = section(root, "vision_config");
  if (llm === undefined) return unsupported("config.json has no llm_config");
  if (vit === undefined) return unsupported("config.json has no vision_config");
  refuseOtherNetworks(root, llm, vit);
  const preprocessor = files.preprocessor && {
    where: "preprocessor_config.json",
    values: files.preprocessor,
  };
  const generation = files.generation && {
    where: "generation_config.json",
    values: files.generation,
  };
  const textConfig = parseText(root, llm, shapeOf);
  const vision = parseVision(root, vit, preprocessor, shapeOf);
  const config: ModelConfig = {
    name: ownName(root),
    text: textConfig,
    vision,
    projector: {
      input: 4 * vision.hidden,
      hidden: size(root, "projector_hidden_size"),
      output: textConfig.hidden,
      eps: 1e-5,
    },
    image: parseImage(root, preprocessor),
    tokens: parseTokens(root, llm, generation),
    videoPruningRate: real(root, "video_pruning_rate", { min: 0, max: 0.999, fallback: 0 }),
  };
  const { imageId } = config.tokens;
  if (imageId !== undefined && imageId >= textConfig.vocabulary) {
    invalid(`config.json: img_context_token_id ${imageId} is beyond the embedding's rows`);
  }
  return deepFreeze(config);
}

function parseText(
  root: Fields,
  llm: Fields,
  shapeOf: (name: string) => readonly number[] | undefined,
): TextConfig {
  const layers = parsePattern(llm);
  const context = size(llm, "max_position_embeddings", 131_072);
  const named = size(llm, "vocab_size");
  const vocabulary = rowsOf(shapeOf(TENSOR.embeddings), TENSOR.embeddings);
  if (vocabulary < named) {
    invalid(`vocab_size is ${named} but ${TENSOR.embeddings} has ${vocabulary} rows`);
  }
  return {
    hidden: size(llm, "hidden_size"),
    layers,
    vocabulary,
    eps: real(llm, ["layer_norm_epsilon", "rms_norm_eps"], { min: 0, max: 1, fallback: 1e-5 }),
    mamba: parseMamba(llm),
    attention: parseAttention(llm),
    mlp: { intermediate: size(llm, "intermediate_size") },
    contextTokens: Math.min(context, size(root, "max_sequence_length", context)),
  };
}

function parsePattern(llm: Fields): readonly LayerKind[] {
  const listed = ["layers_block_type", "layer_types"].find(
    (key) => fieldOf(llm, key) !== undefined,
  );
  const spelled = fieldOf(llm, "hybrid_override_pattern") === undefined ? listed : undefined;
  const key = spelled ?? "hybrid_override_pattern";
  const given = spelled === undefined ? text(llm, key) : fieldOf(llm, spelled);
  const names: readonly unknown[] =
    typeof given === "string" || Array.isArray(given) ? [...given] : invalid(`${key} is no list`);
  if (names.length > MAX_LAYERS) invalid(`${llm.where}: more than ${MAX_LAYERS} layers`);
  const layers = names.map(
    (name) =>
      LAYER_KINDS.get(String(name)) ??
      unsupported(`${key} has a layer ${show(name)}; M, - and * are known`),
  );
  const count = size(llm, "num_hidden_layers", layers.length);
  if (count !== layers.length) {
    invalid(`num_hidden_layers is ${count} but ${key} has ${layers.length}`);
  }
  return layers;
}

function parseMamba(llm: Fields): MambaConfig {
  const heads = size(llm, "mamba_num_heads");
  const headDim = size(llm, "mamba_head_dim");
  const groups = size(llm, ["n_groups", "mamba_n_groups"]);
  const state = size(llm, ["ssm_state_size", "mamba_d_state"]);
  const convKernel = size(llm, "conv_kernel", 4);
  if (heads % groups !== 0)
    invalid(`mamba_num_heads ${heads} is no multiple of n_groups ${groups}`);
  if (convKernel !== 4) unsupported(`conv_kernel is ${convKernel}; only 4 is implemented`);
  const inner = heads * headDim;
  const convWidth = inner + 2 * groups * state;
  const projWidth = inner + convWidth + heads;
  const chunk = size(llm, ["chunk_size", "mamba_chunk_size"], 128);
  return { heads, headDim, groups, state, convKernel, inner, convWidth, projWidth, chunk };
}

/** The kernels hold this many query heads at once. */
const MAX_QUERIES_PER_KV = 64;

function parseAttention(llm: Fields): AttentionConfig {
  const heads = size(llm, "num_attention_heads");
  const kvHeads = size(llm, "num_key_value_heads");
  const headDim = size(llm, ["head_dim", "attention_head_dim"]);
  if (heads % kvHeads !== 0) {
    invalid(`num_attention_heads ${heads} is no multiple of num_key_value_heads ${kvHeads}`);
  }
  if (heads / kvHeads > MAX_QUERIES_PER_KV) {
    unsupported(
      `${heads / kvHeads} query heads share a KV head; at most ${MAX_QUERIES_PER_KV} may`,
    );
  }
  if (headDim % 16 !== 0)
    unsupported(`head_dim is ${headDim}; only multiples of 16 are implemented`);
  return { heads, kvHeads, headDim };
}

function parseVision(
  root: Fields,
  vit: Fields,
  preprocessor: Fields | undefined,
  shapeOf: (name: string) => readonly number[] | undefined,
): VisionConfig {
  const args = section(vit, "args");
  const named = VISION_MODELS.get(args === undefined ? "" : text(args, "model", "unnamed"));
  const sizes: Fields = { where: vit.where, values: { ...named, ...withoutNulls(vit.values) } };
  const hidden = size(sizes, "hidden_size");
  const heads = size(sizes, "num_attention_heads");
  const patchPx = size(root, "patch_size");
  const tilePx = size(root, "force_image_size");
  agree("vit_hidden_size", optionalSize(root, "vit_hidden_size"), hidden);
  agree("vision_config.patch_size", optionalSize(vit, "patch_size"), patchPx);
  if (preprocessor !== undefined) {
    agree("preprocessor image_size", optionalSize(preprocessor, "image_size"), tilePx);
    agree("preprocessor patch_size", optionalSize(preprocessor, "patch_size"), patchPx);
  }
  if (hidden % heads !== 0) invalid(`vision: ${hidden} channels do not divide into ${heads} heads`);
  if ((hidden / heads) % 2 !== 0) {
    unsupported(`vision: heads of ${hidden / heads} channels; only even numbers are implemented`);
  }
  if (tilePx % (2 * patchPx) !== 0) {
    invalid(`force_image_size ${tilePx} is no even number of patches of ${patchPx} px`);
  }
  const cells = shapeOf(TENSOR.position)?.[1] ?? invalid(`tensor ${TENSOR.position} is missing`);
  const positionSide = Math.sqrt(cells);
  if (!Number.isInteger(positionSide) || positionSide === 0) {
    invalid(`tensor ${TENSOR.position} has ${cells} cells, not a square grid`);
  }
  const positionPx = args && optionalSize(args, "cpe_max_size");
  agree("vision_config.args.cpe_max_size", positionPx, positionSide * patchPx);
  const gridSide = tilePx / patchPx;
  return {
    hidden,
    layers: size(sizes, "num_hidden_layers"),
    heads,
    headDim: hidden / heads,
    intermediate: size(sizes, "intermediate_size"),
    patchPx,
    tilePx,
    gridSide,
    tokensPerTile: (gridSide / 2) ** 2,
    prefixTokens: rowsOf(shapeOf(TENSOR.prefix), TENSOR.prefix),
    positionSide,
    eps: 1e-6,
  };
}

function parseImage(root: Fields, preprocessor: Fields | undefined): ModelConfig["image"] {
  const maxTiles = preprocessor === undefined ? 12 : size(preprocessor, "max_num_tiles", 12);
  if (maxTiles > LIMITS.image.tiles) {
    invalid(`max_num_tiles is ${maxTiles}; the limit is ${LIMITS.image.tiles}`);
  }
  const std = rgb(root, "norm_std") ?? rgb(preprocessor, "norm_std") ?? CLIP_STD;
  if (!std.every((value) => value > 0)) invalid("norm_std is not positive");
  return {
    maxTiles,
    useThumbnail: flag(root, "use_thumbnail", true),
    mean: rgb(root, "norm_mean") ?? rgb(preprocessor, "norm_mean") ?? CLIP_MEAN,
    std,
  };
}

function parseTokens(
  root: Fields,
  llm: Fields,
  generation: Fields | undefined,
): ModelConfig["tokens"] {
  const eos = [root, llm, generation].flatMap((fields) => tokenIds(fields, "eos_token_id"));
  return {
    image: text(root, "img_context_token", "<image>"),
    imageStart: text(root, "img_start_token", "<img>"),
    imageEnd: text(root, "img_end_token", "</img>"),
    video: text(root, "video_context_token", "<video>"),
    imageId: [...tokenIds(root, "img_context_token_id"), ...tokenIds(root, "image_token_id")][0],
    bosId: tokenIds(llm, "bos_token_id")[0] ?? 1,
    eosIds: [...new Set([...eos, EOS_ID])].sort((a, b) => a - b),
  };
}

/** transformers writes an empty text or a path of the exporter's machine; nothing depends on it. */
function ownName(root: Fields): string | undefined {
  const name = fieldOf(root, "_name_or_path");
  return typeof name === "string" && name !== "" ? name : undefined;
}

function rowsOf(shape: readonly number[] | undefined, name: string): number {
  const rows = shape?.[0] ?? invalid(`tensor ${name} is missing`);
  return rows >= 1 ? rows : invalid(`tensor ${name} has no rows`);
}

function agree(what: string, found: number | undefined, expected: number): void {
  if (found !== undefined && found !== expected) {
    invalid(`${what} is ${found}, but the rest of the checkpoint says ${expected}`);
  }
}

function withoutNulls(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null) deepFreeze(inner);
  }
  return Object.freeze(value);
}
