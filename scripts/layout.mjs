// The published layout of a NemotronH_Nano_VL_V2 checkpoint: its tensors and its JSON files, for
// scripts that write one. It deliberately shares no code with src/model/names.ts, so that each
// checks the other. Source: MODEL.md.

const CLIP = {
  norm_mean: [0.48145466, 0.4578275, 0.40821073],
  norm_std: [0.26862954, 0.26130258, 0.27577711],
};
const BYTES = { F32: 4, BF16: 2, F8_E4M3: 1, U8: 1, I64: 8 };

/** Sizes of the published 12B model. */
export const NANO_12B = Object.freeze({
  pattern: "M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M-",
  hidden: 5120,
  vocabulary: 132096,
  mambaHeads: 128,
  mambaHeadDim: 80,
  groups: 8,
  state: 128,
  heads: 40,
  kvHeads: 8,
  headDim: 128,
  intermediate: 20480,
  tilePx: 512,
  positionSide: 128,
  prefixTokens: 16,
  vision: { model: "vit_huge_patch16_224", hidden: 1280, layers: 32, heads: 16, mlp: 5120 },
  projector: 20480,
  imageId: 131072,
});

/**
 * Lists every tensor as { name, dtype, shape, init }, in the order of the files.
 * init: "linear" (fan-in = last dimension), "norm", "zero", "conv", "aLog", "d", "dtBias",
 * "embedding", "position", "scale", or "none" for tensors that are stored but not used.
 */
export function tensorsOf(sizes, format = "bf16") {
  return [...languageTensors(sizes, format), ...projectorTensors(sizes), ...visionTensors(sizes)];
}

function languageTensors(sizes, format) {
  const { hidden, vocabulary, mambaHeads, groups, state, intermediate } = sizes;
  const inner = mambaHeads * sizes.mambaHeadDim;
  const convWidth = inner + 2 * groups * state;
  const attention = sizes.heads * sizes.headDim;
  const kv = sizes.kvHeads * sizes.headDim;
  const backbone = "language_model.backbone";
  const tensors = [float(`${backbone}.embeddings.weight`, [vocabulary, hidden], "embedding")];
  [...sizes.pattern].forEach((letter, layer) => {
    const prefix = `${backbone}.layers.${layer}`;
    const linear = (name, rows, columns) =>
      tensors.push(...quantised(`${prefix}.mixer.${name}`, rows, columns, format));
    tensors.push(float(`${prefix}.norm.weight`, [hidden], "norm"));
    if (letter === "M") {
      linear("in_proj", inner + convWidth + mambaHeads, hidden);
      tensors.push(float(`${prefix}.mixer.conv1d.weight`, [convWidth, 1, 4], "conv"));
      tensors.push(float(`${prefix}.mixer.conv1d.bias`, [convWidth], "zero"));
      tensors.push(float(`${prefix}.mixer.dt_bias`, [mambaHeads], "dtBias"));
      tensors.push(float(`${prefix}.mixer.A_log`, [mambaHeads], "aLog", "F32"));
      tensors.push(float(`${prefix}.mixer.D`, [mambaHeads], "d", "F32"));
      tensors.push(float(`${prefix}.mixer.norm.weight`, [inner], "norm"));
      linear("out_proj", hidden, inner);
    } else if (letter === "*") {
      linear("q_proj", attention, hidden);
      linear("k_proj", kv, hidden);
      linear("v_proj", kv, hidden);
      linear("o_proj", hidden, attention);
    } else {
      linear("up_proj", intermediate, hidden);
      linear("down_proj", hidden, intermediate);
    }
  });
  tensors.push(float(`${backbone}.norm_f.weight`, [hidden], "norm"));
  tensors.push(float("language_model.lm_head.weight", [vocabulary, hidden], "linear"));
  return tensors;
}

function projectorTensors({ hidden, vision, projector }) {
  return [
    float("mlp1.0.weight", [4 * vision.hidden], "norm"),
    float("mlp1.1.weight", [projector, 4 * vision.hidden], "linear"),
    float("mlp1.3.weight", [hidden, projector], "linear"),
  ];
}

function visionTensors({ vision, positionSide, prefixTokens }) {
  const { hidden, layers, mlp } = vision;
  const radio = "vision_model.radio_model";
  const patches = `${radio}.model.patch_generator`;
  const tensors = [
    float(`${radio}.input_conditioner.norm_mean`, [3, 1, 1], "none", "F32"),
    float(`${radio}.input_conditioner.norm_std`, [3, 1, 1], "none", "F32"),
    float(`${patches}.embedder.weight`, [hidden, 768], "linear"),
    float(`${patches}.pos_embed`, [1, positionSide * positionSide, hidden], "position"),
    float(`${patches}.cls_token.token`, [prefixTokens, hidden], "position"),
  ];
  const linear = (name, rows, columns) => {
    tensors.push(float(`${name}.weight`, [rows, columns], "linear"));
    tensors.push(float(`${name}.bias`, [rows], "zero"));
  };
  const norm = (name) => {
    tensors.push(float(`${name}.weight`, [hidden], "norm"));
    tensors.push(float(`${name}.bias`, [hidden], "zero"));
  };
  for (let block = 0; block < layers; block++) {
    const prefix = `${radio}.model.blocks.${block}`;
    norm(`${prefix}.norm1`);
    linear(`${prefix}.attn.qkv`, 3 * hidden, hidden);
    linear(`${prefix}.attn.proj`, hidden, hidden);
    norm(`${prefix}.norm2`);
    linear(`${prefix}.mlp.fc1`, mlp, hidden);
    linear(`${prefix}.mlp.fc2`, hidden, mlp);
  }
  return tensors;
}

function float(name, shape, init, dtype = "BF16") {
  return { name, dtype, shape, init };
}

function quantised(name, rows, columns, format) {
  const scale = (key) => float(`${name}.${key}`, [], "scale", "F32");
  if (format === "fp8") {
    const weight = float(`${name}.weight`, [rows, columns], "none", "F8_E4M3");
    return [weight, scale("weight_scale"), scale("input_scale")];
  }
  if (format === "nvfp4") {
    return [
      float(`${name}.weight`, [rows, columns / 2], "none", "U8"),
      float(`${name}.weight_scale`, [rows, columns / 16], "none", "F8_E4M3"),
      scale("weight_scale_2"),
      scale("input_scale"),
    ];
  }
  return [float(`${name}.weight`, [rows, columns], "linear")];
}

export function bytesOf({ shape, dtype }) {
  return shape.reduce((product, size) => product * size, BYTES[dtype]);
}

/** Returns the safetensors header (length and JSON) of a file that holds these tensors in order. */
export function headerOf(tensors) {
  const entries = { __metadata__: { format: "pt" } };
  let at = 0;
  for (const tensor of tensors) {
    const end = at + bytesOf(tensor);
    entries[tensor.name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [at, end] };
    at = end;
  }
  const text = JSON.stringify(entries);
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8, " "));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return { header: Buffer.concat([length, json]), dataBytes: at };
}

/** Returns the text of config.json, with the bare Infinity that Python writes. */
export function configText(sizes, format = "bf16") {
  const { vision, tilePx } = sizes;
  const config = {
    architectures: ["NemotronH_Nano_VL_V2"],
    model_type: "NemotronH_Nano_VL_V2",
    downsample_ratio: 0.5,
    eos_token_id: 12,
    force_image_size: tilePx,
    image_tag_type: "internvl",
    img_context_token: "<image>",
    img_context_token_id: sizes.imageId,
    img_start_token: "<img>",
    img_end_token: "</img>",
    video_context_token: "<video>",
    llm_config: textConfig(sizes),
    max_sequence_length: 131072,
    ...CLIP,
    patch_size: 16,
    projector_hidden_size: sizes.projector,
    ps_version: "v2",
    torch_dtype: "bfloat16",
    use_thumbnail: true,
    video_pruning_rate: 0.0,
    vision_config: visionConfig(sizes),
    vit_hidden_size: vision.hidden,
  };
  if (format !== "bf16") {
    config.quantization_config = {
      quant_algo: format.toUpperCase(),
      quant_method: "modelopt",
      ignore: ["language_model.lm_head", "mlp1*", "vision_model*"],
    };
  }
  return `${JSON.stringify(config, null, 2).replace('"Infinity"', "Infinity")}\n`;
}

function textConfig(sizes) {
  return {
    architectures: ["NemotronHForCausalLM"],
    model_type: "nemotron_h",
    attention_bias: false,
    bos_token_id: 1,
    eos_token_id: 12,
    chunk_size: 128,
    conv_kernel: 4,
    head_dim: sizes.headDim,
    hidden_size: sizes.hidden,
    hybrid_override_pattern: sizes.pattern,
    intermediate_size: sizes.intermediate,
    layer_norm_epsilon: 1e-5,
    mamba_head_dim: sizes.mambaHeadDim,
    mamba_hidden_act: "silu",
    mamba_num_heads: sizes.mambaHeads,
    mamba_proj_bias: false,
    max_position_embeddings: 131072,
    mlp_bias: false,
    mlp_hidden_act: "relu2",
    n_groups: sizes.groups,
    num_attention_heads: sizes.heads,
    num_hidden_layers: sizes.pattern.length,
    num_key_value_heads: sizes.kvHeads,
    sliding_window: null,
    ssm_state_size: sizes.state,
    tie_word_embeddings: false,
    time_step_limit: [0, "Infinity"],
    use_bias: false,
    use_conv_bias: true,
    vocab_size: sizes.vocabulary,
  };
}

function visionConfig({ vision, positionSide, prefixTokens }) {
  const args = {
    model: vision.model,
    cpe_max_size: 16 * positionSide,
    register_multiple: prefixTokens,
    model_norm: false,
  };
  const sizes = {
    hidden_size: vision.hidden,
    num_hidden_layers: vision.layers,
    num_attention_heads: vision.heads,
    intermediate_size: vision.mlp,
  };
  // The published file only names the vision tower; the name implies the sizes.
  const known = vision.model === NANO_12B.vision.model;
  return { architectures: ["RADIOModel"], args, patch_size: 16, ...(known ? {} : sizes) };
}

export function preprocessorText({ tilePx }) {
  const fields = {
    do_rescale: true,
    image_size: tilePx,
    patch_size: 16,
    downsample_ratio: 0.5,
    max_num_tiles: 12,
    use_thumbnail: true,
    ...CLIP,
  };
  return `${JSON.stringify(fields, null, 2)}\n`;
}

export function generationText() {
  const fields = { bos_token_id: 1, eos_token_id: [2, 12], do_sample: false };
  return `${JSON.stringify(fields, null, 2)}\n`;
}
