import { VireoError } from "../../core/errors.ts";
import type { UpstreamModel } from "../../core/upstream.ts";

/** Facts about a model, independent of the id under which it is served. */
export interface ModelCard {
  readonly name: string;
  readonly description: string;
  /** "" if it is not published there. */
  readonly huggingFaceId: string;
  readonly license: string;
  readonly licenseUrl: string;
}

const PUBLISHED: ModelCard = Object.freeze({
  name: "NVIDIA: Nemotron Nano 12B 2 VL",
  description:
    "A vision-language model of 12 billion parameters for documents, charts and pictures, " +
    "made of Mamba-2 and attention layers. It reasons before it answers when it is asked to.",
  huggingFaceId: "nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-BF16",
  license: "NVIDIA Open Model License",
  licenseUrl:
    "https://www.nvidia.com/en-us/agreements/enterprise-software/nvidia-open-model-license/",
});

const BUNDLED: ModelCard = Object.freeze({
  name: "vireo: the bundled model",
  description: "A small model with every part of the large one, to try this server with.",
  huggingFaceId: "",
  license: "Apache-2.0",
  licenseUrl: "https://www.apache.org/licenses/LICENSE-2.0",
});

/** Models that ship with this package. */
const BUNDLED_IDS: readonly string[] = ["vireo/mini", "vireo/tiny"];
/** Identifies the published model on upstreams that report only its name. */
const PUBLISHED_ID = "nvidia/nemotron-nano-12b-v2-vl";

/** The card of a model. An unpublished checkpoint has only its name and a generic description. */
export function cardOf({ id, published = id === PUBLISHED_ID }: UpstreamModel): ModelCard {
  if (published) return PUBLISHED;
  if (BUNDLED_IDS.includes(id)) return BUNDLED;
  return { name: id, description: UNKNOWN, huggingFaceId: "", license: "", licenseUrl: "" };
}

const UNKNOWN =
  "A vision-language checkpoint of the NemotronH Nano VL family; its own files say what it is, " +
  "what it can do and under which licence.";

/** Finds a model by id or alias; exact names come before patterns. */
export function findModel(
  models: readonly UpstreamModel[],
  name: string,
): UpstreamModel | undefined {
  return (
    models.find((model) => model.id === name || model.aliases.includes(name)) ??
    models.find((model) => model.aliases.some((alias) => matches(alias, name)))
  );
}

/** One `*` in an alias matches any text. */
function matches(alias: string, name: string): boolean {
  const star = alias.indexOf("*");
  if (star === -1) return false;
  const [start, end] = [alias.slice(0, star), alias.slice(star + 1)];
  return name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end);
}

/**
 * Finds a model by name and checks maxTokens against its context.
 *
 * param: the field of maxTokens, for errors.
 * Throws model_not_found, and out_of_range if its context is smaller than maxTokens.
 */
export function requireModel(
  models: readonly UpstreamModel[],
  name: string,
  maxTokens?: number,
  param = "max_tokens",
): UpstreamModel {
  const model = findModel(models, name);
  if (model === undefined) {
    const message = `there is no model ${JSON.stringify(name)}; GET /v1/models lists the models`;
    throw new VireoError("model_not_found", message, { param: "model" });
  }
  if (maxTokens !== undefined && maxTokens > model.contextTokens) {
    const message = `${param} is ${maxTokens}; send at most ${model.contextTokens}, the context`;
    throw new VireoError("out_of_range", message, { param });
  }
  return model;
}
