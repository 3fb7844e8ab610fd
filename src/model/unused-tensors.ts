// Tensors that checkpoints of this family store although the network does not use them. Each kind
// is known by name; any other may belong to a part that is not implemented, so it is refused.

import { VireoError } from "../core/errors.ts";
import { quoted } from "../weights/safetensors-header.ts";

const RADIO = String.raw`^vision_model\.radio_model\.`;

/** Tensors that a network stores and does not use, by kind. */
export type UnusedKinds = readonly { readonly kind: string; readonly names: RegExp }[];

const UNUSED: UnusedKinds = [
  {
    kind: "the picture mean and deviation, which config.json states as well",
    names: new RegExp(`${RADIO}input_conditioner\\.`),
  },
  { kind: "an index of class tokens", names: new RegExp(`${RADIO}summary_idxs$`) },
  {
    kind: "heads that imitate the tower's teachers",
    names: new RegExp(
      `${RADIO}(model\\.)?_?(adaptors|heads?|feature_projections|(inter_)?feature_normalizer)\\.`,
    ),
  },
  {
    kind: "layer scale, which the published tower does not have",
    names: new RegExp(`${RADIO}model\\.blocks\\.\\d+\\.ls[12]\\.`),
  },
  { kind: "scales of an FP8 KV cache", names: /^language_model\..*\.[kv]_scale$/ },
  { kind: "rotary frequencies", names: /^language_model\..*\.rotary_emb\.inv_freq$/ },
];
const MAX_SHOWN = 3;

/** The kind of an unused tensor, or undefined for an unknown one. */
export function kindOfUnused(name: string, kinds: UnusedKinds = UNUSED): string | undefined {
  return kinds.find(({ names }) => names.test(name))?.kind;
}

/** Throws unsupported_checkpoint for tensors that are neither used nor known by name. */
export function refuseUnknown(unused: readonly string[], kinds: UnusedKinds = UNUSED): void {
  const unknown = unused.filter((name) => kindOfUnused(name, kinds) === undefined);
  if (unknown.length === 0) return;
  const bias = unknown.find((name) => name.endsWith(".bias"));
  if (bias !== undefined) {
    const text = `tensor ${quoted(bias)} is a bias that this network does not have`;
    throw new VireoError("unsupported_checkpoint", text);
  }
  const shown = unknown.slice(0, MAX_SHOWN).map(quoted).join(", ");
  const more = unknown.length > MAX_SHOWN ? ` and ${unknown.length - MAX_SHOWN} more` : "";
  const text =
    `${shown}${more}: the network has no place for ${unknown.length > 1 ? "them" : "it"}, so the ` +
    "checkpoint is of another network or not whole";
  throw new VireoError("unsupported_checkpoint", text);
}
