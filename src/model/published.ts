// Known facts of the published checkpoints of NVIDIA Nemotron Nano 12B v2 VL.

import type { LayerKind, ModelConfig } from "./config.ts";

/** Source: MODEL.md § Language model. */
const PATTERN = "M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M-";
const LETTERS: Readonly<Record<LayerKind, string>> = { mamba2: "M", mlp: "-", attention: "*" };

/** Letters of hybrid_override_pattern. */
export function patternOf(config: ModelConfig): string {
  return config.text.layers.map((kind) => LETTERS[kind]).join("");
}

/**
 * Whether every size is that of the published 12B model. Only such a checkpoint may be served under
 * the published name: the shapes are what can be checked without a list of all its weights.
 */
export function hasPublishedShape(config: ModelConfig): boolean {
  const { text, vision, projector } = config;
  const sizes = [
    [text.hidden, 5120],
    [text.vocabulary, 132_096],
    [text.mamba.heads, 128],
    [text.mamba.headDim, 80],
    [text.mamba.groups, 8],
    [text.mamba.state, 128],
    [text.attention.heads, 40],
    [text.attention.kvHeads, 8],
    [text.attention.headDim, 128],
    [text.mlp.intermediate, 20_480],
    [vision.hidden, 1280],
    [vision.layers, 32],
    [vision.tilePx, 512],
    [projector.hidden, 20_480],
  ] as const;
  return patternOf(config) === PATTERN && sizes.every(([found, published]) => found === published);
}
