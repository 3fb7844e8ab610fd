import type { UpstreamModel } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { type Prices, showPrice } from "../core/prices.ts";

const PARAMETERS = [
  "bad_words",
  "chat_template_kwargs",
  "frequency_penalty",
  "function_call",
  "functions",
  "guided_choice",
  "guided_grammar",
  "guided_json",
  "guided_regex",
  "ignore_eos",
  "include_reasoning",
  "keep_reasoning",
  "logit_bias",
  "logprobs",
  "max_completion_tokens",
  "max_tokens",
  "min_p",
  "min_tokens",
  "n",
  "parallel_tool_calls",
  "presence_penalty",
  "reasoning",
  "reasoning_effort",
  "reasoning_format",
  "repetition_penalty",
  "response_format",
  "seed",
  "stop",
  "stop_token_ids",
  "stream",
  "structured_outputs",
  "temperature",
  "thinking_token_budget",
  "tool_choice",
  "tools",
  "top_k",
  "top_logprobs",
  "top_p",
] as const;

/** What is known about a model, whatever it is served under. */
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

/** Any other checkpoint has its name, and no description, licence or scores of another model. */
export function cardOf({ id, published = id === PUBLISHED_ID }: UpstreamModel): ModelCard {
  if (published) return PUBLISHED;
  if (IN_THE_BOX_IDS.includes(id)) return IN_THE_BOX;
  return { name: id, description: UNKNOWN, huggingFaceId: "", license: "", licenseUrl: "" };
}

const UNKNOWN =
  "A vision-language checkpoint of the NemotronH Nano VL family; its own files say what it is, " +
  "what it can do and under which licence.";

export interface PricingBody {
  /** US dollars per token, as decimal texts: sums of money are no floats. */
  readonly prompt: string;
  readonly completion: string;
  readonly image: string;
  readonly request: string;
}

export interface ModelBody {
  readonly id: string;
  readonly object: "model";
  readonly created: number;
  readonly owned_by: string;
  readonly name: string;
  readonly description: string;
  readonly canonical_slug: string;
  readonly hugging_face_id: string;
  readonly license: string;
  readonly context_length: number;
  readonly max_model_len: number;
  readonly architecture: {
    readonly modality: string;
    readonly input_modalities: readonly string[];
    readonly output_modalities: readonly string[];
    readonly tokenizer: string;
    readonly instruct_type: null;
  };
  readonly pricing: PricingBody;
  readonly top_provider: {
    readonly context_length: number;
    readonly max_completion_tokens: number;
    readonly is_moderated: false;
  };
  readonly supported_parameters: readonly string[];
  /**
   * Share of a video's tokens that is dropped unless `mm_processor_kwargs.video_pruning_rate`
   * says otherwise.
   */
  readonly video_pruning_rate?: number;
  readonly per_request_limits: null;
}

const ARCHITECTURE = Object.freeze({
  modality: "text+image+video->text",
  input_modalities: ["text", "image", "video", "file"],
  output_modalities: ["text"],
  tokenizer: "Nemotron",
  instruct_type: null,
});

export function toModelBody(model: UpstreamModel, prices: Prices): ModelBody {
  const card = cardOf(model);
  const { videoPruningRate: rate } = model;
  return {
    id: model.id,
    object: "model",
    created: model.createdUnix,
    owned_by: model.ownedBy,
    name: card.name,
    description: card.description,
    canonical_slug: model.id,
    hugging_face_id: card.huggingFaceId,
    license: card.license,
    context_length: model.contextTokens,
    max_model_len: model.contextTokens,
    architecture: ARCHITECTURE,
    pricing: toPricing(prices),
    top_provider: {
      context_length: model.contextTokens,
      max_completion_tokens: model.maxOutputTokens,
      is_moderated: false,
    },
    supported_parameters: PARAMETERS,
    ...(rate === undefined ? {} : { video_pruning_rate: rate }),
    per_request_limits: null,
  };
}

/** Pictures are priced by the tokens that they take. */
function toPricing({ prompt, completion }: Prices): PricingBody {
  return { prompt: showPrice(prompt), completion: showPrice(completion), image: "0", request: "0" };
}

export function toModelList(
  models: readonly UpstreamModel[],
  prices: Prices,
): { readonly object: "list"; readonly data: readonly ModelBody[] } {
  return { object: "list", data: models.map((model) => toModelBody(model, prices)) };
}

/** Who answers for a model: this server alone. */
export function toEndpoints(model: UpstreamModel, prices: Prices, ready: boolean) {
  const { id, name, created, description, architecture, pricing } = toModelBody(model, prices);
  const endpoint = {
    name: `local | ${id}`,
    provider_name: "local",
    context_length: model.contextTokens,
    max_prompt_tokens: model.contextTokens,
    max_completion_tokens: model.maxOutputTokens,
    pricing,
    supported_parameters: PARAMETERS,
    status: ready ? 0 : -1,
  };
  return { data: { id, name, created, description, architecture, endpoints: [endpoint] } };
}

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
