import type { UpstreamModel } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";

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

export interface ModelBody {
  readonly id: string;
  readonly object: "model";
  readonly created: number;
  readonly owned_by: string;
  readonly name: string;
  readonly canonical_slug: string;
  readonly context_length: number;
  readonly max_model_len: number;
  readonly architecture: {
    readonly modality: string;
    readonly input_modalities: readonly string[];
    readonly output_modalities: readonly string[];
  };
  readonly top_provider: {
    readonly context_length: number;
    readonly max_completion_tokens: number;
    readonly is_moderated: false;
  };
  readonly supported_parameters: readonly string[];
  readonly per_request_limits: null;
}

export function toModelBody(model: UpstreamModel): ModelBody {
  return {
    id: model.id,
    object: "model",
    created: model.createdUnix,
    owned_by: model.ownedBy,
    name: model.id,
    canonical_slug: model.id,
    context_length: model.contextTokens,
    max_model_len: model.contextTokens,
    architecture: {
      modality: "text+image->text",
      input_modalities: ["text", "image"],
      output_modalities: ["text"],
    },
    top_provider: {
      context_length: model.contextTokens,
      max_completion_tokens: model.maxOutputTokens,
      is_moderated: false,
    },
    supported_parameters: PARAMETERS,
    per_request_limits: null,
  };
}

export function toModelList(models: readonly UpstreamModel[]): {
  readonly object: "list";
  readonly data: readonly ModelBody[];
} {
  return { object: "list", data: models.map(toModelBody) };
}

/** The model of that name or alias. */
export function findModel(
  models: readonly UpstreamModel[],
  name: string,
): UpstreamModel | undefined {
  return models.find((model) => model.id === name || model.aliases.includes(name));
}

/**
 * The model of that name, which may be asked for so many tokens.
 *
 * Throws model_not_found, and out_of_range for more tokens than its context holds.
 */
export function requireModel(
  models: readonly UpstreamModel[],
  name: string,
  maxTokens?: number,
): UpstreamModel {
  const model = findModel(models, name);
  if (model === undefined) {
    const message = `there is no model ${JSON.stringify(name)}; GET /v1/models lists what there is`;
    throw new VireoError("model_not_found", message, { param: "model" });
  }
  if (maxTokens !== undefined && maxTokens > model.contextTokens) {
    const message = `max_tokens is ${maxTokens}; the model's context holds ${model.contextTokens}`;
    throw new VireoError("out_of_range", message, { param: "max_tokens" });
  }
  return model;
}
