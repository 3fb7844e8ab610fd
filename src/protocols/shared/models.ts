import { VireoError } from "../../core/errors.ts";
import type { UpstreamModel } from "../../core/upstream.ts";

/** Facts about a model, whatever id it is served under. */
export interface ModelCard {
  readonly name: string;
  readonly description: string;
  /** Empty: it is not published there. */
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

const IN_THE_BOX: ModelCard = Object.freeze({
  name: "vireo: the model in the box",
  description: "A small model with every part of the large one, to try this server with.",
  huggingFaceId: "",
  license: "Apache-2.0",
  licenseUrl: "https://www.apache.org/licenses/LICENSE-2.0",
});

/** Models that come with the program. */
const IN_THE_BOX_IDS: readonly string[] = ["vireo/mini", "vireo/tiny"];
/** For upstreams elsewhere, which say no more than the name. */
const PUBLISHED_ID = "nvidia/nemotron-nano-12b-v2-vl";

/** The card of a model. An unpublished checkpoint has its name, and no facts of another. */
export function cardOf({ id, published = id === PUBLISHED_ID }: UpstreamModel): ModelCard {
  if (published) return PUBLISHED;
  if (IN_THE_BOX_IDS.includes(id)) return IN_THE_BOX;
  return { name: id, description: UNKNOWN, huggingFaceId: "", license: "", licenseUrl: "" };
}

const UNKNOWN =
  "A vision-language checkpoint of the NemotronH Nano VL family; its own files say what it is, " +
  "what it can do and under which licence.";

/** The model of that name or alias. */
export function findModel(
  models: readonly UpstreamModel[],
  name: string,
): UpstreamModel | undefined {
  return (
    models.find((model) => model.id === name || model.aliases.includes(name)) ??
    models.find((model) => model.aliases.some((alias) => matches(alias, name)))
  );
}

/** One `*` in an alias stands for any text. */
function matches(alias: string, name: string): boolean {
  const star = alias.indexOf("*");
  if (star === -1) return false;
  const [start, end] = [alias.slice(0, star), alias.slice(star + 1)];
  return name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end);
}

/**
 * The model of that name, which may be asked for so many tokens.
 *
 * param: the field that asks for them.
 * Throws model_not_found, and out_of_range for more tokens than its context holds.
 */
export function requireModel(
  models: readonly UpstreamModel[],
  name: string,
  maxTokens?: number,
  param = "max_tokens",
): UpstreamModel {
  const model = findModel(models, name);
  if (model === undefined) {
    const message = `there is no model ${JSON.stringify(name)}; GET /v1/models lists what there is`;
    throw new VireoError("model_not_found", message, { param: "model" });
  }
  if (maxTokens !== undefined && maxTokens > model.contextTokens) {
    const message = `${param} is ${maxTokens}; the model's context holds ${model.contextTokens}`;
    throw new VireoError("out_of_range", message, { param });
  }
  return model;
}
