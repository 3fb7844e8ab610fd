import { describe, expect, test } from "vitest";
import { VireoError } from "../core/errors.ts";
import { openCheckpointFiles, type TensorEntry, type TensorIndex } from "../weights/safetensors.ts";
import { readModelConfig } from "./config.ts";
import type { LinearPlan } from "./find-tensors.ts";
import { type LayerPlan, planCheckpoint } from "./names.ts";

const GOLDEN = new URL("../../tests/golden/", import.meta.url).pathname;
const LAYER = "language_model.backbone.layers";

async function open(name: string) {
  const index = await openCheckpointFiles(GOLDEN + name);
  return { index, config: await readModelConfig(index) };
}

/** The same index with one tensor changed, or removed for undefined. */
function altered(index: TensorIndex, name: string, change?: Partial<TensorEntry>): TensorIndex {
  const tensors = new Map(index.tensors);
  const entry = tensors.get(name) ?? index.tensors.get("mlp1.0.weight")!;
  if (change === undefined) tensors.delete(name);
  else tensors.set(name, { ...entry, name, ...change });
  return { ...index, tensors };
}

function languageLinears(plan: ReturnType<typeof planCheckpoint>): LinearPlan[] {
  return plan.layers.flatMap(layerLinears);
}

function layerLinears(layer: LayerPlan): LinearPlan[] {
  switch (layer.kind) {
    case "mamba2":
      return [layer.inProj, layer.outProj];
    case "mlp":
      return [layer.up, layer.down];
    case "attention":
      return [layer.q, layer.k, layer.v, layer.o];
  }
}

const UNUSED = [
  "vision_model.radio_model.input_conditioner.norm_mean",
  "vision_model.radio_model.input_conditioner.norm_std",
  "vision_model.radio_model.summary_idxs",
];

describe("formats are read off the tensors", () => {
  test("bf16", async () => {
    const { index, config } = await open("tiny-checkpoint");
    const plan = planCheckpoint(index, config);
    expect(languageLinears(plan).every((linear) => linear.format === "bf16")).toBe(true);
    expect(plan.layers.map((layer) => layer.kind)).toEqual(config.text.layers);
    expect(plan.vision.blocks).toHaveLength(3);
    expect(plan.vision.blocks[2]?.qkv.bias?.shape).toEqual([192]);
    expect(plan.ignored).toEqual(UNUSED);
  });

  test("fp8, with the scales of a quantised KV cache left aside", async () => {
    const { index, config } = await open("tiny-checkpoint-fp8");
    const plan = planCheckpoint(index, config);
    for (const linear of languageLinears(plan)) {
      expect(linear.format).toBe("fp8");
      if (linear.format !== "fp8") continue;
      expect(linear.scale.name).toBe(`${linear.name}.weight_scale`);
      expect(linear.inputScale?.name).toBe(`${linear.name}.input_scale`);
    }
    expect(plan.lmHead.format).toBe("bf16");
    expect(plan.ignored.filter((name) => !UNUSED.includes(name))).toEqual(
      [3, 7]
        .flatMap((l) => [`${l}.mixer.k_proj.k_scale`, `${l}.mixer.v_proj.v_scale`])
        .map((name) => `${LAYER}.${name}`),
    );
  });

  test("nvfp4, mixed with bf16 attention", async () => {
    const { index, config } = await open("tiny-checkpoint-nvfp4");
    const plan = planCheckpoint(index, config);
    for (const layer of plan.layers) {
      if (layer.kind === "attention") expect(layer.q.format).toBe("bf16");
      if (layer.kind !== "mlp" || layer.up.format !== "nvfp4") continue;
      expect(layer.up.weight.shape).toEqual([160, 32]);
      expect(layer.up.blockScale.shape).toEqual([160, 4]);
      expect(layer.up.scale.name).toMatch(/weight_scale_2$/);
    }
    expect(new Set(languageLinears(plan).map((linear) => linear.format))).toEqual(
      new Set(["bf16", "nvfp4"]),
    );
  });
});

describe("a tensor that does not fit is named", () => {
  test.each<[string, string, Partial<TensorEntry> | undefined, RegExp]>([
    ["tiny-checkpoint", `${LAYER}.3.mixer.k_proj.weight`, undefined, /missing; .*\[32, 64\]/],
    ["tiny-checkpoint", `${LAYER}.0.mixer.A_log`, undefined, /A_log" is missing/],
    ["tiny-checkpoint", `${LAYER}.0.mixer.D`, { shape: [8, 1] }, /is F32 \[8, 1\]; .* \[8\]/],
    [
      "tiny-checkpoint",
      "mlp1.3.weight",
      { shape: [128, 64] },
      /\[128, 64\]; expected .*\[64, 128\]/,
    ],
    ["tiny-checkpoint", "mlp1.0.weight", { dtype: "I32" }, /is I32 \[256\]; expected BF16/],
    ["tiny-checkpoint", "language_model.lm_head.weight", undefined, /lm_head.weight" is missing/],
    [
      "tiny-checkpoint",
      `${LAYER}.1.mixer.up_proj.weight`,
      { dtype: "F8_E4M3" },
      /weight_scale" is/,
    ],
    ["tiny-checkpoint-fp8", `${LAYER}.1.mixer.up_proj.weight_scale`, undefined, /weight_scale" is/],
    [
      "tiny-checkpoint-fp8",
      `${LAYER}.1.mixer.up_proj.weight_scale`,
      { shape: [160] },
      /is F32 \[160\]; expected F32 \[1\]/,
    ],
    [
      "tiny-checkpoint-nvfp4",
      `${LAYER}.1.mixer.up_proj.weight_scale_2`,
      undefined,
      /scale_2" is mi/,
    ],
    [
      "tiny-checkpoint-nvfp4",
      `${LAYER}.1.mixer.up_proj.weight_scale`,
      { dtype: "F32" },
      /is F32 \[160, 4\]; expected F8_E4M3 \[160, 4\]/,
    ],
  ])("%s: %s", async (name, tensor, change, message) => {
    const { index, config } = await open(name);
    const act = () => planCheckpoint(altered(index, tensor, change), config);
    expect(act).toThrow(VireoError);
    expect(act).toThrow(message);
    expect(act).toThrow(tensor.replace(/\.weight(_scale.*)?$/, ""));
  });

  test.each([
    "vision_model.radio_model.model.blocks.0.mlp.fc3.weight",
    "vision_model.radio_model.model.norm.weight",
    "vision_model.other.weight",
    "language_model.backbone.layers.0.mixer.gate.weight",
    "sound_model.encoder.weight",
    "mlp2.0.weight",
  ])("%s is refused by name", async (name) => {
    const { index, config } = await open("tiny-checkpoint");
    const act = () => planCheckpoint(altered(index, name, {}), config);
    expect(act).toThrow(expect.objectContaining({ code: "unsupported_checkpoint" }));
    expect(act).toThrow(`"${name}": the network has no place for it`);
  });

  test.each([
    "vision_model.radio_model.input_conditioner.norm_std",
    "vision_model.radio_model.summary_idxs",
    "vision_model.radio_model.adaptors.clip.head_mlp.fc1.weight",
    "vision_model.radio_model._heads.0.fc1.weight",
    "vision_model.radio_model.model.head.weight",
    "vision_model.radio_model.feature_normalizer.mean",
    "language_model.backbone.rotary_emb.inv_freq",
  ])("%s is ignored by name", async (name) => {
    const { index, config } = await open("tiny-checkpoint");
    expect(planCheckpoint(altered(index, name, {}), config).ignored).toContain(name);
  });

  test("a bias the network does not have is refused, layer scale is listed", async () => {
    const { index, config } = await open("tiny-checkpoint");
    const bias = altered(index, `${LAYER}.0.mixer.in_proj.bias`, { shape: [328] });
    expect(() => planCheckpoint(bias, config)).toThrow(/is a bias that this network does not have/);
    const extra = altered(index, "vision_model.radio_model.model.blocks.0.ls1.gamma", {});
    expect(planCheckpoint(extra, config).ignored).toContain(
      "vision_model.radio_model.model.blocks.0.ls1.gamma",
    );
  });

  test("F32 norms and a scale of shape [1] are as good", async () => {
    const { index, config } = await open("tiny-checkpoint-fp8");
    const norm = altered(index, "mlp1.0.weight", { dtype: "F32" });
    const name = `${LAYER}.1.mixer.up_proj.weight_scale`;
    planCheckpoint(altered(norm, name, { shape: [1] }), config);
  });
});
