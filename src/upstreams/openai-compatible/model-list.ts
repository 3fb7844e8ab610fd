import { createHash } from "node:crypto";
import { defined } from "../../core/defined.ts";
import { VireoError } from "../../core/errors.ts";
import type { Feature } from "../../core/features.ts";
import { LIMITS } from "../../core/limits.ts";
import { type Prices, parsePrice } from "../../core/prices.ts";
import { DEFAULT_CONTEXT_TOKENS, type UpstreamModel } from "../../core/upstream.ts";
import type { Dialect } from "./dialect.ts";
import { asCount, asList, asRecord, asText, type JsonObject } from "./json-values.ts";

/** A model of a provider, as the operator configures it. */
export interface ProviderModel {
  /** The name under which it is served here. */
  readonly id: string;
  /** Its name at the provider. Default: the id. */
  readonly providerId?: string;
  readonly aliases?: readonly string[];
  /** Default: what the provider says, else DEFAULT_CONTEXT_TOKENS. */
  readonly contextTokens?: number;
  readonly maxOutputTokens?: number;
  readonly prices?: Prices;
  /** Replaces the features that the dialect and the provider's list give. */
  readonly features?: readonly Feature[];
  /** Whether it reasons by default. */
  readonly reasoning?: boolean;
}

/** A served model, with its name at the provider. */
export interface KnownModel extends UpstreamModel {
  readonly providerId: string;
}

/** Names of parameters in OpenRouter's lists, by the features that they stand for. */
const LISTED_PARAMETERS: Readonly<Partial<Record<Feature, string>>> = {
  tools: "tools",
  json_object: "response_format",
  json_schema: "structured_outputs",
  logprobs: "logprobs",
  reasoning: "reasoning",
  reasoning_budget: "reasoning",
  seed: "seed",
  stop: "stop",
  top_k: "top_k",
  min_p: "min_p",
  repetition_penalty: "repetition_penalty",
  frequency_penalty: "frequency_penalty",
  presence_penalty: "presence_penalty",
  logit_bias: "logit_bias",
};

export interface ModelListOptions {
  readonly provider: string;
  readonly dialect: Dialect;
  /** The served models. Undefined: all that the provider lists. */
  readonly models?: readonly ProviderModel[] | undefined;
}

/** The models as configured, before the provider has been asked. */
export function configuredModels(options: ModelListOptions): readonly KnownModel[] {
  return (options.models ?? []).map((model) => toModel(model, {}, options));
}

/** The models that are served, by the provider's list. Throws upstream_invalid_response. */
export function listedModels(body: unknown, options: ModelListOptions): readonly KnownModel[] {
  const data = asRecord(body)?.data;
  if (!Array.isArray(data)) {
    const message = `${options.provider} lists its models in an unknown form`;
    throw new VireoError("upstream_invalid_response", message);
  }
  const entries = data.slice(0, LIMITS.upstream.models).flatMap((value) => {
    const entry = asRecord(value);
    return entry !== undefined && isName(entry.id) ? [entry] : [];
  });
  const details = detailsById(body);
  const byId = new Map(
    entries.map((entry) => [asText(entry.id), { ...details.get(asText(entry.id)), ...entry }]),
  );
  const models = options.models ?? [...byId.keys()].map((id): ProviderModel => ({ id }));
  return models.map((model) => {
    return toModel(model, byId.get(model.providerId ?? model.id) ?? {}, options);
  });
}

/** Entries of llama-server's second list, which has the capabilities. */
function detailsById(body: unknown): ReadonlyMap<string, JsonObject> {
  const entries = asList(asRecord(body)?.models).map((entry) => asRecord(entry) ?? {});
  return new Map(entries.map((entry) => [asText(entry.model) || asText(entry.name), entry]));
}

function isName(id: unknown): boolean {
  return typeof id === "string" && /^[\w./:@+-]{1,256}$/.test(id);
}

function toModel(
  model: ProviderModel,
  entry: JsonObject,
  { provider, dialect }: ModelListOptions,
): KnownModel {
  const { id, providerId = id, aliases = [], prices = pricesOf(entry), reasoning } = model;
  const top = asRecord(entry.top_provider) ?? {};
  const contextTokens = model.contextTokens ?? contextOf(entry) ?? DEFAULT_CONTEXT_TOKENS;
  const listedOutput = asCount(top.max_completion_tokens) ?? asCount(entry.max_tokens);
  const features = model.features ? new Set(model.features) : featuresOf(entry, dialect);
  return {
    id,
    providerId,
    aliases,
    createdUnix: asCount(entry.created) ?? 0,
    ownedBy: asText(entry.owned_by) || provider,
    contextTokens,
    maxOutputTokens: model.maxOutputTokens ?? (listedOutput || contextTokens),
    fingerprint: createHash("sha256").update(`${provider} ${providerId}`).digest("hex").slice(0, 8),
    provider,
    features,
    ...defined({ prices, reasoning }),
  };
}

/** The context in the fields of vLLM and NIM, OpenRouter, the AI Gateway, and llama-server. */
function contextOf(entry: JsonObject): number | undefined {
  const meta = asRecord(entry.meta) ?? {};
  const places = [
    entry.max_model_len,
    entry.context_length,
    entry.context_window,
    meta.n_ctx,
    meta.n_ctx_train,
  ];
  return places.map(asCount).find((tokens) => tokens !== undefined && tokens > 0);
}

/**
 * Prices per token as decimal texts, in the fields of OpenRouter or of the AI Gateway. Servers list
 * "0" where nobody has set a price, so that is none: the price of this server's operator applies.
 */
function pricesOf(entry: JsonObject): Prices | undefined {
  const pricing = asRecord(entry.pricing) ?? {};
  const texts = [pricing.prompt ?? pricing.input, pricing.completion ?? pricing.output];
  try {
    const [prompt, completion] = texts.map((text) => parsePrice(String(text), "pricing"));
    return prompt! + completion! === 0n ? undefined : { prompt: prompt!, completion: completion! };
  } catch {
    return undefined; // for example "-1", which stands for a price that varies
  }
}

/** The dialect's features without those that the provider's list denies. */
function featuresOf(entry: JsonObject, { features }: Dialect): ReadonlySet<Feature> {
  const denied = new Set<Feature>();
  const { input_modalities: modalities } = asRecord(entry.architecture) ?? {};
  if (Array.isArray(modalities) && !modalities.includes("image")) {
    for (const media of ["images", "videos", "documents"] as const) denied.add(media);
  }
  const capabilities = entry.capabilities;
  if (Array.isArray(capabilities) && !capabilities.includes("multimodal")) {
    for (const media of ["images", "videos", "documents"] as const) denied.add(media);
  }
  const parameters = entry.supported_parameters;
  if (Array.isArray(parameters)) {
    for (const feature of features) {
      const name = LISTED_PARAMETERS[feature];
      if (name !== undefined && !parameters.includes(name)) denied.add(feature);
    }
  }
  return new Set([...features].filter((feature) => !denied.has(feature)));
}
