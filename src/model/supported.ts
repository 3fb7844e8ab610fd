// What a config.json may ask for that we do not implement. Each case is refused by name, because
// running a neighbouring network with this code would give fluent nonsense.   MODEL.md § Refused.

import { type Fields, fieldOf, flag, section, show, unsupported } from "./config-fields.ts";

const CLASS_NAME = "NemotronH_Nano_VL_V2";
const LATER = "it belongs to a later model of the family (Nemotron 3 Nano Omni)";

/** Throws unsupported_checkpoint with one sentence. */
export function refuseOtherNetworks(root: Fields, llm: Fields, vit: Fields): void {
  refuseOtherClass(root);
  refuseLaterFamily(root, llm, vit);
  refuseOtherText(llm);
  refuseOtherVision(root, vit);
}

function refuseOtherClass(root: Fields): void {
  const classes = fieldOf(root, "architectures");
  const named = Array.isArray(classes) ? classes : [fieldOf(root, "model_type")];
  if (!named.includes(CLASS_NAME)) {
    unsupported(`config.json describes ${show(named[0])}; only ${CLASS_NAME} is supported`);
  }
}

function refuseLaterFamily(root: Fields, llm: Fields, vit: Fields): void {
  const args = section(vit, "args") ?? { where: vit.where, values: {} };
  for (const fields of [root, vit, args]) {
    for (const key of ["min_num_patches", "max_num_patches", "sound_config"]) {
      if (fieldOf(fields, key) !== undefined) unsupported(`${fields.where} has ${key}: ${LATER}`);
    }
    const frames = fieldOf(fields, "video_temporal_patch_size");
    if (frames !== undefined && frames !== 1) {
      unsupported(`${fields.where}: video_temporal_patch_size is ${show(frames)}: ${LATER}`);
    }
  }
  if (fieldOf(llm, "n_routed_experts") !== undefined) {
    unsupported(`${llm.where} has n_routed_experts: ${LATER}`);
  }
}

function refuseOtherText(llm: Fields): void {
  expect(llm, "model_type", ["nemotron_h", undefined]);
  expect(llm, "mlp_hidden_act", ["relu2", undefined]);
  expect(llm, "mamba_hidden_act", ["silu", "swish", undefined]);
  expect(llm, "tie_word_embeddings", [false, undefined]);
  for (const key of ["use_bias", "mlp_bias", "attention_bias", "mamba_proj_bias"]) {
    expect(llm, key, [false, undefined]);
  }
  if (!flag(llm, "use_conv_bias", true)) unsupported(`${llm.where}: use_conv_bias is false`);
  expect(llm, "sliding_window", [undefined]);
  refuseRope(llm);
  expect(llm, "position_embedding_type", ["none", undefined]);
  const limit = fieldOf(llm, "time_step_limit");
  const clamps =
    limit !== undefined &&
    !(Array.isArray(limit) && isAtMostZero(limit[0]) && isUnbounded(limit[1]));
  if (clamps) unsupported(`${llm.where}: time_step_limit is ${show(limit)}; dt is never clamped`);
}

/** The network has no rotary positions; transformers 5 writes its default for them all the same. */
function refuseRope(llm: Fields): void {
  for (const key of ["rope_scaling", "rope_parameters"]) {
    const rope = section(llm, key);
    if (rope === undefined) continue;
    const type = fieldOf(rope, "rope_type") ?? fieldOf(rope, "type");
    if (type !== "default") {
      unsupported(`${rope.where} is ${show(rope.values)}; the network has no rotary positions`);
    }
  }
}

function refuseOtherVision(root: Fields, vit: Fields): void {
  expect(root, "ps_version", ["v2"]);
  expect(root, "downsample_ratio", [0.5]);
  expect(root, "image_tag_type", ["internvl", undefined]);
  expect(root, "use_thumbnail", [true, undefined]);
  const args = section(vit, "args");
  if (args !== undefined) expect(args, "model_norm", [false, undefined]);
}

/** `undefined` among the allowed values stands for a missing key and for null. */
function expect(fields: Fields, key: string, allowed: readonly unknown[]): void {
  const value = fieldOf(fields, key);
  if (allowed.includes(value)) return;
  const wanted = allowed.map((one) => (one === undefined ? "absent" : show(one))).join(" or ");
  unsupported(`${fields.where}: ${key} is ${show(value)}; supported: ${wanted}`);
}

function isAtMostZero(value: unknown): boolean {
  return typeof value === "number" && value <= 0;
}

/** A time step of the network is below 100; exporters that cannot write Infinity write 1e30. */
const UNBOUNDED_FROM = 1e9;

/** Infinity as Python writes it, wrapped in an object or a text for strict JSON, or as 1e30. */
function isUnbounded(value: unknown): boolean {
  if (typeof value === "object" && value !== null && "__float__" in value) {
    return isUnbounded(value.__float__);
  }
  if (typeof value === "string") return /^\+?inf(inity)?$/i.test(value.trim());
  return typeof value === "number" && value >= UNBOUNDED_FROM;
}
