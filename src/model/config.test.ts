import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { VireoError } from "../core/errors.ts";
import type { JsonObject } from "../weights/json.ts";
import { parsePythonJson } from "../weights/json.ts";
import { openCheckpointFiles } from "../weights/safetensors.ts";
import { type ConfigFiles, parseModelConfig, readModelConfig } from "./config.ts";
import { TENSOR } from "./tensor-names.ts";

const GOLDEN = new URL("../../tests/golden/", import.meta.url).pathname;
const NAMES = ["tiny-checkpoint", "tiny-checkpoint-fp8", "tiny-checkpoint-nvfp4"];

const SHAPES = new Map<string, readonly number[]>([
  [TENSOR.embeddings, [512, 64]],
  [TENSOR.position, [1, 100, 64]],
  [TENSOR.prefix, [8, 64]],
]);

type Json = Record<string, unknown>;

async function golden(): Promise<Json> {
  const text = await readFile(`${GOLDEN}tiny-checkpoint/config.json`, "utf8");
  return parsePythonJson(text, "config.json") as Json;
}

/** Sets `llm_config.vocab_size` and the like; undefined deletes. */
function set(root: Json, path: string, value: unknown): Json {
  const keys = path.split(".");
  const last = keys.pop()!;
  const parent = keys.reduce<Json>((at, key) => at[key] as Json, root);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return root;
}

function parse(config: Json, extra: Partial<ConfigFiles> = {}, shapes = SHAPES) {
  return parseModelConfig({ config: config as JsonObject, ...extra }, (name) => shapes.get(name));
}

test.each(NAMES)("%s is read whole", async (name) => {
  const config = await readModelConfig(await openCheckpointFiles(GOLDEN + name));
  expect(config).toEqual({
    text: {
      hidden: 64,
      layers: [
        "mamba2",
        "mlp",
        "mamba2",
        "attention",
        "mlp",
        "mamba2",
        "mamba2",
        "attention",
        "mlp",
      ],
      vocabulary: 512,
      eps: 1e-5,
      mamba: {
        heads: 8,
        headDim: 16,
        groups: 2,
        state: 16,
        convKernel: 4,
        inner: 128,
        convWidth: 192,
        projWidth: 328,
        chunk: 128,
      },
      attention: { heads: 4, kvHeads: 2, headDim: 16 },
      mlp: { intermediate: 160 },
      contextTokens: 131072,
    },
    vision: {
      hidden: 64,
      layers: 3,
      heads: 4,
      headDim: 16,
      intermediate: 256,
      patchPx: 16,
      tilePx: 64,
      gridSide: 4,
      tokensPerTile: 4,
      prefixTokens: 8,
      positionSide: 10,
      eps: 1e-6,
    },
    projector: { input: 256, hidden: 128, output: 64, eps: 1e-5 },
    image: {
      maxTiles: 12,
      useThumbnail: true,
      mean: [0.48145466, 0.4578275, 0.40821073],
      std: [0.26862954, 0.26130258, 0.27577711],
    },
    tokens: {
      image: "<image>",
      imageStart: "<img>",
      imageEnd: "</img>",
      video: "<video>",
      imageId: 492,
      bosId: 1,
      eosIds: [2, 12],
    },
    videoPruningRate: 0,
  });
  expect(Object.isFrozen(config.text.mamba)).toBe(true);
  expect(Object.isFrozen(config.text.layers)).toBe(true);
});

describe("sizes that no kernel supports are refused", () => {
  test.each<[key: string, value: number, says: string]>([
    ["llm_config.head_dim", 40, "head_dim is 40"],
    ["llm_config.num_attention_heads", 130, "65 query heads share a KV head"],
  ])("%s %i", async (key, value, says) => {
    const root = set(await golden(), key, value);
    expect(() => parse(root)).toThrow(says);
  });
});

describe("other spellings", () => {
  test("text_config and attention_head_dim", async () => {
    const root = await golden();
    const llm = root.llm_config as Json;
    llm.attention_head_dim = llm.head_dim;
    delete llm.head_dim;
    root.text_config = llm;
    delete root.llm_config;
    expect(parse(root).text.attention.headDim).toBe(16);
  });

  test("the published tower is known by its name, and explicit keys win", async () => {
    const root = await golden();
    const keys = ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"];
    for (const key of keys) set(root, `vision_config.${key}`, undefined);
    set(root, "vit_hidden_size", 1280);
    expect(() => parse(root)).toThrow(/hidden_size is missing/);
    set(root, "vision_config.args.model", "vit_huge_patch16_224");
    expect(parse(root).vision).toMatchObject({ hidden: 1280, layers: 32, heads: 16, headDim: 80 });
    set(root, "vision_config.num_hidden_layers", 30);
    expect(parse(root).vision).toMatchObject({ layers: 30, intermediate: 5120 });
  });

  test("the embedding's rows win over a smaller vocab_size", async () => {
    const root = set(await golden(), "llm_config.vocab_size", 496);
    expect(parse(root).text.vocabulary).toBe(512);
  });

  test("the preprocessor names the tiles, generation_config more ends", async () => {
    const config = parse(await golden(), {
      preprocessor: { max_num_tiles: 6 },
      generation: { eos_token_id: [2, 11] },
    });
    expect(config.image.maxTiles).toBe(6);
    expect(config.tokens.eosIds).toEqual([2, 11, 12]);
  });

  test.each<[string, unknown]>([
    ["an object with a text", { __float__: "Infinity" }],
    ["an object with a number", { __float__: 1e30 }],
    ["a bare Infinity", Number.POSITIVE_INFINITY],
    ["a text", "inf"],
    ["1e30", 1e30],
    ["1e9", 1e9],
  ])("no limit of dt as %s", async (_, limit) => {
    expect(() => parse({})).toThrow(VireoError);
    parse(set(await golden(), "llm_config.time_step_limit", [0, limit]));
  });

  test("the layers as transformers 5 lists them", async () => {
    const root = set(await golden(), "llm_config.hybrid_override_pattern", undefined);
    const kinds = { mamba2: "mamba", mlp: "mlp", attention: "attention" };
    const { layers } = parse(await golden()).text;
    set(
      root,
      "llm_config.layers_block_type",
      layers.map((kind) => kinds[kind]),
    );
    expect(parse(root).text.layers).toEqual(layers);
    set(root, "llm_config.layers_block_type", ["mamba", "moe"]);
    expect(() => parse(root)).toThrow(/layers_block_type has a layer "moe"/);
  });

  test("dtype, image_token_id and leftovers of rotary positions", async () => {
    const root = await golden();
    set(root, "torch_dtype", undefined);
    set(root, "dtype", "bfloat16");
    set(root, "image_token_id", root.img_context_token_id);
    set(root, "img_context_token_id", undefined);
    set(root, "llm_config.rope_theta", 10_000);
    set(root, "llm_config.rope_parameters", { rope_type: "default", rope_theta: 10_000 });
    expect(parse(root).tokens.imageId).toBe(492);
  });
});

describe("a checkpoint of another network is refused with one sentence", () => {
  test.each<[string, unknown, RegExp]>([
    ["architectures", ["LlamaForCausalLM"], /"LlamaForCausalLM"; only NemotronH_Nano_VL_V2/],
    ["llm_config", undefined, /no llm_config/],
    ["vision_config", undefined, /no vision_config/],
    ["vision_config.args.min_num_patches", 1024, /min_num_patches: it belongs to a later model/],
    ["vision_config.video_temporal_patch_size", 2, /video_temporal_patch_size is 2: it belongs/],
    ["sound_config", {}, /sound_config: it belongs to a later/],
    ["llm_config.n_routed_experts", 128, /n_routed_experts/],
    ["ps_version", "v1", /ps_version is "v1"; supported: "v2"/],
    ["ps_version", undefined, /ps_version is missing/],
    ["downsample_ratio", 1, /downsample_ratio is 1/],
    ["image_tag_type", "nvlm", /image_tag_type/],
    ["use_thumbnail", false, /use_thumbnail is false; supported: true/],
    ["llm_config.tie_word_embeddings", true, /tie_word_embeddings is true/],
    ["llm_config.mlp_hidden_act", "silu", /mlp_hidden_act is "silu"; supported: "relu2"/],
    ["llm_config.mamba_hidden_act", "relu", /mamba_hidden_act/],
    ["llm_config.use_bias", true, /use_bias is true/],
    ["llm_config.attention_bias", true, /attention_bias is true/],
    ["llm_config.use_conv_bias", false, /use_conv_bias is false/],
    ["llm_config.sliding_window", 4096, /sliding_window/],
    ["llm_config.rope_scaling", { factor: 2 }, /rope_scaling/],
    ["llm_config.position_embedding_type", "rope", /position_embedding_type/],
    ["llm_config.rope_parameters", { rope_type: "yarn" }, /no rotary positions/],
    ["llm_config.time_step_limit", [0.001, 0.1], /dt is never clamped/],
    ["llm_config.time_step_limit", [0, 100], /dt is never clamped/],
    ["llm_config.time_step_limit", { __float__: "Infinity" }, /dt is never clamped/],
    ["llm_config.hybrid_override_pattern", "M-E*-MM*-", /has a layer "E"/],
    ["llm_config.conv_kernel", 3, /conv_kernel is 3/],
    ["vision_config.args.model_norm", true, /model_norm/],
  ])("%s = %j", async (path, value, message) => {
    const root = set(await golden(), path, value);
    const act = () => parse(root);
    expect(act).toThrow(message);
    expect(act).toThrow(expect.objectContaining({ code: "unsupported_checkpoint" }));
  });
});

describe("a checkpoint that contradicts itself is refused", () => {
  test.each<[string, unknown, RegExp]>([
    ["llm_config.num_hidden_layers", 8, /num_hidden_layers is 8 but .* has 9/],
    ["llm_config.hidden_size", 0, /hidden_size is 0, not a size/],
    ["llm_config.hidden_size", 1e9, /hidden_size is 1000000000, not a size/],
    ["llm_config.hidden_size", "64", /hidden_size is "64"/],
    ["llm_config.hidden_size", undefined, /hidden_size is missing/],
    ["llm_config.n_groups", 3, /mamba_num_heads 8 is no multiple of n_groups 3/],
    ["llm_config.num_key_value_heads", 3, /no multiple of num_key_value_heads/],
    ["llm_config.vocab_size", 513, /vocab_size is 513 but .* has 512 rows/],
    ["llm_config.layer_norm_epsilon", "x", /layer_norm_epsilon/],
    ["vision_config.num_attention_heads", 5, /64 channels do not divide into 5 heads/],
    ["vit_hidden_size", 32, /vit_hidden_size is 32/],
    ["force_image_size", 72, /force_image_size 72 is no even number of patches/],
    ["vision_config.args.cpe_max_size", 2048, /cpe_max_size is 2048/],
    ["norm_mean", [0, 0], /norm_mean is \[0,0\], not three numbers/],
    ["norm_std", [1, 0, 1], /norm_std is not positive/],
    ["img_context_token_id", 512, /img_context_token_id 512 is beyond/],
    ["eos_token_id", -1, /eos_token_id holds -1/],
    ["video_pruning_rate", 1, /video_pruning_rate is 1/],
    ["vision_config.args", 7, /args is not an object/],
  ])("%s = %j", async (path, value, message) => {
    const root = set(await golden(), path, value);
    const act = () => parse(root);
    expect(act).toThrow(message);
    expect(act).toThrow(expect.objectContaining({ code: "invalid_checkpoint" }));
  });

  test("tensors that determine the sizes", async () => {
    const root = await golden();
    const odd = new Map([...SHAPES, [TENSOR.position, [1, 99, 64]]]);
    expect(() => parse(root, {}, odd)).toThrow(/99 cells, not a square grid/);
    expect(() => parse(root, {}, new Map())).toThrow(/embeddings.weight is missing/);
    expect(() => parse(root, { preprocessor: { max_num_tiles: 1000 } })).toThrow(/the limit is/);
  });
});
