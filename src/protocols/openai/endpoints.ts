import type { EndpointStatus, Percentiles } from "../../core/endpoint-status.ts";
import type { Feature } from "../../core/features.ts";
import type { Prices } from "../../core/prices.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { PARAMETERS, toModelBody, toPricing } from "./models.ts";

/** Parameters of requests that a provider without the feature does not support. */
const PARAMETERS_OF: Readonly<Partial<Record<Feature, readonly string[]>>> = {
  tools: ["function_call", "functions", "parallel_tool_calls", "tool_choice", "tools"],
  single_tool_call: ["parallel_tool_calls"],
  json_schema: ["guided_json", "structured_outputs"],
  json_object: ["response_format"],
  regex: ["guided_regex"],
  choice: ["guided_choice"],
  grammar: ["guided_grammar"],
  logprobs: ["logprobs", "top_logprobs"],
  reasoning: ["include_reasoning", "reasoning", "reasoning_effort"],
  reasoning_budget: ["thinking_token_budget"],
  stop: ["stop"],
  stop_token_ids: ["stop_token_ids"],
  min_tokens: ["min_tokens"],
  ignore_eos: ["ignore_eos"],
  top_k: ["top_k"],
  min_p: ["min_p"],
  repetition_penalty: ["repetition_penalty"],
  frequency_penalty: ["frequency_penalty"],
  presence_penalty: ["presence_penalty"],
  logit_bias: ["logit_bias"],
  bad_words: ["bad_words"],
  seed: ["seed"],
};

/** The providers of a model, in OpenRouter's format. Values that nobody measured are null. */
export function toEndpoints(
  model: UpstreamModel,
  statuses: readonly EndpointStatus[],
  defaultPrices: Prices,
) {
  const { id, name, created, description, architecture } = toModelBody(model, defaultPrices);
  const endpoints = statuses
    .filter((status) => status.model === id)
    .map((status) => toEndpoint(status, name, defaultPrices));
  return { data: { id, name, created, description, architecture, endpoints } };
}

function toEndpoint(status: EndpointStatus, modelName: string, defaultPrices: Prices) {
  const { provider, providerModel, contextTokens = null, prices = defaultPrices, health } = status;
  const { uptime, firstTokenMs, throughput } = health;
  return {
    name: `${provider} | ${providerModel}`,
    model_id: status.model,
    model_name: modelName,
    provider_name: provider,
    tag: provider,
    quantization: status.quantization ?? "unknown",
    context_length: contextTokens,
    max_prompt_tokens: contextTokens,
    max_completion_tokens: status.maxOutputTokens ?? null,
    pricing: toPricing(prices),
    supported_parameters: parametersOf(status.features),
    supports_implicit_caching: true,
    is_zdr: status.zeroDataRetention,
    status: toStatus(status),
    uptime_last_30m: uptime === undefined ? null : Math.round(uptime * 10_000) / 100,
    latency_last_30m: toFigures(firstTokenMs, (ms) => ms / 1000),
    throughput_last_30m: toFigures(throughput, (speed) => speed),
    running: health.running,
    last_error: health.lastError ?? null,
  };
}

/** 0: takes requests. −1: one at a time, or after a pause. −2: none. −5: it has no models yet. */
function toStatus({ ready, health }: EndpointStatus): number {
  if (!ready) return -5;
  if (health.state === "open") return -2;
  return health.state === "half_open" || health.waitMs > 0 ? -1 : 0;
}

function parametersOf(features: ReadonlySet<Feature> | undefined): readonly string[] {
  if (features === undefined) return PARAMETERS;
  const missing = Object.entries(PARAMETERS_OF).flatMap(([feature, names]) =>
    features.has(feature as Feature) ? [] : names,
  );
  return PARAMETERS.filter((name) => !missing.includes(name));
}

function toFigures(
  values: Percentiles | undefined,
  convert: (value: number) => number,
): Percentiles | null {
  if (values === undefined) return null;
  const rounded = (value: number) => Math.round(convert(value) * 1000) / 1000;
  const { p50, p75, p90, p99 } = values;
  return { p50: rounded(p50), p75: rounded(p75), p90: rounded(p90), p99: rounded(p99) };
}
