import { defined } from "../../core/defined.ts";
import { type Prices, showPrice } from "../../core/prices.ts";
import type { Abilities, UpstreamModel } from "../../core/upstream.ts";
import { cardOf } from "../shared/models.ts";

export const PARAMETERS: readonly string[] = [
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
];

export interface PricingBody {
  /** US dollars per token, as decimal text, because floats are inexact. */
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
  /** Default share of a video's tokens that is dropped; see `mm_processor_kwargs`. */
  readonly video_pruning_rate?: number;
  /** Support for files that need an external program; absent if unknown. */
  readonly abilities?: Abilities;
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
  const { videoPruningRate: rate, abilities } = model;
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
    ...defined({ video_pruning_rate: rate, abilities }),
    per_request_limits: null,
  };
}

/** Images cost as much as their tokens, so `image` is 0. */
export function toPricing({ prompt, completion }: Prices): PricingBody {
  return { prompt: showPrice(prompt), completion: showPrice(completion), image: "0", request: "0" };
}

export function toModelList(
  models: readonly UpstreamModel[],
  pricesOf: (model: UpstreamModel) => Prices,
): { readonly object: "list"; readonly data: readonly ModelBody[] } {
  return { object: "list", data: models.map((model) => toModelBody(model, pricesOf(model))) };
}
