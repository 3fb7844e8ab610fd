// The names that published checkpoints give their tensors.       Source: MODEL.md § Tensor names.

const TEXT = "language_model.backbone";
const VISION = "vision_model.radio_model.model";

/** Names end before `.weight` or `.bias` where a tensor has both or has a format of its own. */
export const TENSOR = Object.freeze({
  embeddings: `${TEXT}.embeddings.weight`,
  finalNorm: `${TEXT}.norm_f.weight`,
  lmHead: "language_model.lm_head",
  position: `${VISION}.patch_generator.pos_embed`,
  prefix: `${VISION}.patch_generator.cls_token.token`,
  patchEmbedder: `${VISION}.patch_generator.embedder`,
  projectorNorm: "mlp1.0.weight",
  projectorUp: "mlp1.1",
  projectorDown: "mlp1.3",
});

/** Prefix of layer 0, 1, …; `norm.weight`, `mixer.in_proj`, … follow it. */
export function layerPrefix(layer: number): string {
  return `${TEXT}.layers.${layer}`;
}

/** Prefix of vision block 0, 1, …; `norm1`, `attn.qkv`, … follow it. */
export function blockPrefix(block: number): string {
  return `${VISION}.blocks.${block}`;
}
