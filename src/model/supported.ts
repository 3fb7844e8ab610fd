// Fields of config.json that select a network other than ours. Each is refused by name, because
// running a related network with this code would give fluent nonsense.        MODEL.md § Refused.

import { VireoError } from "../core/errors.ts";
import { type Fields, fieldOf, flag, section, show, unsupported } from "./config-fields.ts";

const CLASS_NAME = "NemotronH_Nano_VL_V2";
const LATER = "it belongs to a later model of the family (Nemotron 3 Nano Omni)";

/** One key of config.json, compared with what this program computes. */
export interface FieldCheck {
  /** With its section, as `llm_config.use_bias`. */
  readonly key: string;
  readonly value: string;
  readonly supported: string;
  /** Absent: the value is supported. */
  readonly problem?: string;
}

interface Sections {
  readonly root: Fields;
  readonly llm: Fields;
  readonly vit: Fields;
  readonly args: Fields;
}

interface Check {
  readonly section: keyof Sections;
  readonly key: string;
  readonly supported: string;
  /** Throws unsupported_checkpoint or invalid_checkpoint with one sentence. */
  readonly run: (sections: Sections) => void;
}

const PREFIX: Readonly<Record<keyof Sections, string>> = Object.freeze({
  root: "",
  llm: "llm_config.",
  vit: "vision_config.",
  args: "vision_config.args.",
});

const CHECKS: readonly Check[] = [
  {
    section: "root",
    key: "architectures",
    supported: CLASS_NAME,
    run: ({ root }) => refuseOtherClass(root),
  },
  ...(["root", "vit", "args"] as const).flatMap((name) => [
    ...["min_num_patches", "max_num_patches", "sound_config"].map((key) => absent(name, key)),
    {
      section: name,
      key: "video_temporal_patch_size",
      supported: "1 or absent",
      run: (sections: Sections) => refuseTubelets(sections[name]),
    },
  ]),
  absent("llm", "n_routed_experts"),
  allow("llm", "model_type", ["nemotron_h", undefined]),
  allow("llm", "mlp_hidden_act", ["relu2", undefined]),
  allow("llm", "mamba_hidden_act", ["silu", "swish", undefined]),
  allow("llm", "tie_word_embeddings", [false, undefined]),
  ...["use_bias", "mlp_bias", "attention_bias", "mamba_proj_bias"].map((key) =>
    allow("llm", key, [false, undefined]),
  ),
  {
    section: "llm",
    key: "use_conv_bias",
    supported: "true or absent",
    run: ({ llm }) => {
      if (!flag(llm, "use_conv_bias", true)) unsupported(`${llm.where}: use_conv_bias is false`);
    },
  },
  allow("llm", "sliding_window", [undefined]),
  ...["rope_scaling", "rope_parameters"].map(
    (key): Check => ({
      section: "llm",
      key,
      supported: "absent or the default",
      run: ({ llm }) => refuseRope(llm, key),
    }),
  ),
  allow("llm", "position_embedding_type", ["none", undefined]),
  {
    section: "llm",
    key: "time_step_limit",
    supported: "[0, no limit] or absent",
    run: ({ llm }) => refuseClamp(llm),
  },
  allow("root", "ps_version", ["v2"]),
  allow("root", "downsample_ratio", [0.5]),
  allow("root", "image_tag_type", ["internvl", undefined]),
  allow("root", "use_thumbnail", [true, undefined]),
  allow("args", "model_norm", [false, undefined]),
];

/** Throws unsupported_checkpoint with one sentence. */
export function refuseOtherNetworks(root: Fields, llm: Fields, vit: Fields): void {
  const sections = sectionsOf(root, llm, vit);
  for (const check of CHECKS) check.run(sections);
}

/** Every key that decides whether a network is this one, with its value; never throws for one. */
export function checkFields(root: Fields, llm: Fields, vit: Fields): readonly FieldCheck[] {
  const sections = sectionsOf(root, llm, vit);
  return CHECKS.map(({ section: name, key, supported, run }) => {
    const value = fieldOf(sections[name], key);
    const field = { key: PREFIX[name] + key, value: showPython(value), supported };
    try {
      run(sections);
      return field;
    } catch (error) {
      if (!(error instanceof VireoError)) throw error;
      return { ...field, problem: error.message };
    }
  });
}

function sectionsOf(root: Fields, llm: Fields, vit: Fields): Sections {
  const args = section(vit, "args") ?? { where: `${vit.where}: args`, values: {} };
  return { root, llm, vit, args };
}

/** `undefined` among the allowed values stands for a missing key and for null. */
function allow(name: keyof Sections, key: string, allowed: readonly unknown[]): Check {
  const supported = allowed.map((one) => (one === undefined ? "absent" : show(one))).join(" or ");
  return {
    section: name,
    key,
    supported,
    run: (sections) => {
      const fields = sections[name];
      const value = fieldOf(fields, key);
      if (allowed.includes(value)) return;
      unsupported(`${fields.where}: ${key} is ${show(value)}; supported: ${supported}`);
    },
  };
}

function absent(name: keyof Sections, key: string): Check {
  return {
    section: name,
    key,
    supported: "absent",
    run: (sections) => {
      const fields = sections[name];
      if (fieldOf(fields, key) !== undefined) unsupported(`${fields.where} has ${key}: ${LATER}`);
    },
  };
}

function refuseOtherClass(root: Fields): void {
  const classes = fieldOf(root, "architectures");
  const named = Array.isArray(classes) ? classes : [fieldOf(root, "model_type")];
  if (!named.includes(CLASS_NAME)) {
    unsupported(`config.json describes ${show(named[0])}; only ${CLASS_NAME} is supported`);
  }
}

function refuseTubelets(fields: Fields): void {
  const frames = fieldOf(fields, "video_temporal_patch_size");
  if (frames === undefined || frames === 1) return;
  unsupported(`${fields.where}: video_temporal_patch_size is ${show(frames)}: ${LATER}`);
}

/** The network has no rotary positions; transformers 5 writes its default for them all the same. */
function refuseRope(llm: Fields, key: string): void {
  const rope = section(llm, key);
  if (rope === undefined) return;
  const type = fieldOf(rope, "rope_type") ?? fieldOf(rope, "type");
  if (type === "default") return;
  unsupported(`${rope.where} is ${show(rope.values)}; the network has no rotary positions`);
}

function refuseClamp(llm: Fields): void {
  const limit = fieldOf(llm, "time_step_limit");
  if (limit === undefined) return;
  if (Array.isArray(limit) && isAtMostZero(limit[0]) && isUnbounded(limit[1])) return;
  unsupported(`${llm.where}: time_step_limit is ${showPython(limit)}; dt is never clamped`);
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

/** A value of config.json for messages. JSON cannot write Infinity, but Python does. */
function showPython(value: unknown): string {
  if (value === undefined) return "absent";
  if (!Array.isArray(value)) return show(value);
  const items = value.map((item) => (typeof item === "number" ? String(item) : show(item)));
  return `[${items.join(", ")}]`;
}
