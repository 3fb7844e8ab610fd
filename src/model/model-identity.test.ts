import { expect, test } from "vitest";
import { VireoError } from "../core/errors.ts";
import { cardOf } from "../protocols/shared/models.ts";
import type { ModelConfig } from "./config.ts";
import { describeModel, identify } from "./model-identity.ts";

const PUBLISHED = "nvidia/nemotron-nano-12b-v2-vl";
const PATTERN = "M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M-";
const KINDS = { M: "mamba2", "-": "mlp", "*": "attention" } as const;

/** The sizes of the published model, as far as names depend on them. */
function published(changes: { name?: string; hidden?: number } = {}): ModelConfig {
  const { name, hidden = 5120 } = changes;
  const layers = [...PATTERN].map((letter) => KINDS[letter as keyof typeof KINDS]);
  const config = {
    name,
    text: {
      hidden,
      layers,
      vocabulary: 132_096,
      mamba: { heads: 128, headDim: 80, groups: 8, state: 128 },
      attention: { heads: 40, kvHeads: 8, headDim: 128 },
      mlp: { intermediate: 20_480 },
    },
    vision: { hidden: 1280, layers: 32, tilePx: 512 },
    projector: { hidden: 20_480 },
  };
  return config as unknown as ModelConfig;
}

const small = (name?: string) =>
  published({ hidden: 256, ...(name === undefined ? {} : { name }) });

test("the published sizes take the published name, whatever the folder is called", () => {
  const identity = identify("/models/copy", published({ name: "somebody/copy" }));
  expect(identity).toMatchObject({ id: PUBLISHED, ownedBy: "nvidia", published: true });
  expect(identity.aliases).toContain("nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-FP8");
  expect(identity.aliases).not.toContain(PUBLISHED);
});

test("other sizes never answer to the published names", () => {
  for (const name of [PUBLISHED, "nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-BF16", undefined]) {
    const identity = identify("/models/my-model", small(name));
    expect(identity).toMatchObject({ id: "my-model", aliases: [], published: false });
  }
});

test.each<[dir: string, name: string | undefined, id: string]>([
  ["models/mini", undefined, "mini"],
  ["/models/x", "acme/reader-v2", "acme/reader-v2"],
  ["/models/x", "/home/somebody/run 7", "x"],
  ["/models/x", "./checkpoint-900", "x"],
  ["/models/Mein Modell (2)", undefined, "Mein-Modell-2-"],
  ["/hub/models--acme--reader/snapshots/0a1b2c", undefined, "acme/reader"],
  ["/", undefined, "model"],
])("%s that calls itself %s is %s", (dir, name, id) => {
  expect(identify(dir, small(name)).id).toBe(id);
});

test("a requested name is used, and the published sizes keep their model card", () => {
  const identity = identify("/m", published(), "acme/nano");
  expect(identity).toMatchObject({ id: "acme/nano", ownedBy: "acme" });
  const told = { fingerprint: "f", contextTokens: 9 };
  expect(cardOf(describeModel(identity, told)).license).toMatch(/NVIDIA/);
  const other = describeModel(identify("/m", small(), "acme/nano"), told);
  expect(cardOf(other)).toMatchObject({ name: "acme/nano", license: "", huggingFaceId: "" });
  expect(() => identify("/m", published(), "two words")).toThrow(VireoError);
});
