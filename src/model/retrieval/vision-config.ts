// The picture side of a retrieval model: a SigLIP tower whose patches join in squares of four.
//                                                    Source: MODEL.md § Retrieval models.

import { LIMITS } from "../../core/limits.ts";
import type { JsonObject } from "../../weights/json.ts";
import {
  type Fields,
  fieldOf,
  flag,
  invalid,
  optionalSize,
  real,
  section,
  show,
  size,
  text,
  tokenIds,
  unsupported,
} from "../config-fields.ts";
import { SIGLIP } from "./tensor-names.ts";

export interface SiglipConfig {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly headDim: number;
  readonly intermediate: number;
  readonly eps: number;
  readonly patchPx: number;
  readonly tilePx: number;
  /** Patches along one side of a tile. */
  readonly gridSide: number;
  readonly tokensPerTile: number;
  /** The token that a picture's rows replace. */
  readonly imageId: number;
  /** Without the thumbnail. */
  readonly maxTiles: number;
  readonly useThumbnail: boolean;
}

/** transformers leaves values out that are its class's defaults; these are three of them. */
const DEFAULTS = { act: "gelu_pytorch_tanh", eps: 1e-6, channels: 3 };

/**
 * Reads the tower's numbers. A number that no file and no tensor states is refused by its name:
 * a guess would give vectors that look right and find nothing.
 */
export function parseSiglip(
  root: Fields,
  processorJson: JsonObject | undefined,
  shapeOf: (name: string) => readonly number[] | undefined,
): SiglipConfig {
  const vit = section(root, "vision_config");
  if (vit === undefined) return unsupported("config.json has no vision_config");
  requireKnown(root, vit);
  const [hidden, heads] = [size(vit, "hidden_size"), size(vit, "num_attention_heads")];
  if (hidden % heads !== 0 || (hidden / heads) % 2 !== 0) {
    invalid(`${vit.where}: ${hidden} channels in ${heads} heads are no even number for each`);
  }
  const kernel = shapeOf(`${SIGLIP}.embeddings.patch_embedding.weight`);
  const patchPx = optionalSize(vit, "patch_size") ?? kernel?.[2] ?? missing("patch_size");
  const tilePx = optionalSize(root, "force_image_size") ?? size(vit, "image_size");
  if (tilePx % (2 * patchPx) !== 0) {
    invalid(`config.json: a tile of ${tilePx} px is no even number of patches of ${patchPx} px`);
  }
  const gridSide = tilePx / patchPx;
  const cells = shapeOf(`${SIGLIP}.embeddings.position_embedding.weight`)?.[0];
  if (cells !== undefined && cells !== gridSide ** 2) {
    unsupported(`${gridSide}² patches meet ${cells} stored positions; they are not resized`);
  }
  return {
    hidden,
    heads,
    headDim: hidden / heads,
    layers: size(vit, "num_hidden_layers"),
    intermediate: size(vit, "intermediate_size"),
    eps: real(vit, "layer_norm_eps", { min: 0, max: 1, fallback: DEFAULTS.eps }),
    patchPx,
    tilePx,
    gridSide,
    tokensPerTile: (gridSide / 2) ** 2,
    imageId: tokenIds(root, "img_context_token_id")[0] ?? missing("img_context_token_id"),
    ...parseTiles(root, processorJson),
  };
}

function requireKnown(root: Fields, vit: Fields): void {
  const type = text(vit, "model_type", "missing");
  if (type !== "siglip_vision_model") {
    unsupported(`${vit.where}: model_type is ${type}; only siglip_vision_model is implemented`);
  }
  const act = text(vit, "hidden_act", DEFAULTS.act);
  if (act !== DEFAULTS.act) {
    unsupported(`${vit.where}: hidden_act is ${act}; only ${DEFAULTS.act} is implemented`);
  }
  if (size(vit, "num_channels", DEFAULTS.channels) !== DEFAULTS.channels) {
    unsupported(`${vit.where}: num_channels is not ${DEFAULTS.channels}`);
  }
  for (const [key, wanted] of [
    ["select_layer", -1],
    ["downsample_ratio", 0.5],
  ] as const) {
    const value = fieldOf(root, key);
    if (value === undefined) missing(key);
    if (value !== wanted) unsupported(`config.json: ${key} is ${show(value)}; only ${wanted} is`);
  }
}

/** The processor's own file counts before config.json. */
function parseTiles(
  root: Fields,
  json: JsonObject | undefined,
): Pick<SiglipConfig, "maxTiles" | "useThumbnail"> {
  const processor = json && { where: "processor_config.json", values: json };
  const files = [...(processor ? [processor] : []), root];
  const named = files.find((fields) => fieldOf(fields, "max_input_tiles") !== undefined);
  if (named === undefined) return missing("max_input_tiles");
  const maxTiles = size(named, "max_input_tiles");
  if (maxTiles > LIMITS.image.tiles) {
    invalid(`${named.where}: max_input_tiles is ${maxTiles}; the limit is ${LIMITS.image.tiles}`);
  }
  const thumbnail = files.find((fields) => fieldOf(fields, "use_thumbnail") !== undefined);
  if (thumbnail === undefined) return missing("use_thumbnail");
  return { maxTiles, useThumbnail: flag(thumbnail, "use_thumbnail", true) };
}

function missing(key: string): never {
  return unsupported(
    `config.json: ${key} is missing, and the network cannot be computed without it`,
  );
}
