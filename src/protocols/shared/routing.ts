import { z } from "zod";
import { VireoError } from "../../core/errors.ts";
import type { MaxPrices, RoutingPreferences, RoutingSort } from "../../core/routing-preferences.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { findModel } from "./models.ts";
import { splitModelName } from "./reasoning.ts";
import { readPricePerMillion } from "./routing-price.ts";

/**
 * Routing and privacy options of routers: OpenRouter's `provider`, `models` and `plugins`, and the
 * AI gateway's `providerOptions.gateway`. Both become the same preferences, which the router of
 * this server obeys.
 */

const names = z.array(z.string().max(256)).max(64);
const fallbacks = names.nullish();

/** Provider lists that both routers have. */
const choices = { only: names.nullish(), order: names.nullish(), ignore: names.nullish() };

export const gatewayOptions = z.looseObject({
  ...choices,
  models: fallbacks,
  sort: z.enum(["cost", "ttft", "tps"]).nullish(),
  zeroDataRetention: z.boolean().nullish(),
  disallowPromptTraining: z.boolean().nullish(),
});
type GatewayOptions = z.infer<typeof gatewayOptions>;

const sort = z.enum(["price", "throughput", "latency"]);
const price = z.union([z.number(), z.string().max(32)]).nullish();
const percentiles = z.object({
  p50: z.number().positive().nullish(),
  p75: z.number().positive().nullish(),
  p90: z.number().positive().nullish(),
  p99: z.number().positive().nullish(),
});
const preferred = z.union([z.number().positive(), percentiles]).nullish();

const providerOptions = z.looseObject({
  ...choices,
  allow_fallbacks: z.boolean().nullish(),
  require_parameters: z.boolean().nullish(),
  zdr: z.boolean().nullish(),
  data_collection: z.enum(["allow", "deny"]).nullish(),
  sort: z.union([sort, z.looseObject({ by: sort })]).nullish(),
  max_price: z.looseObject({ prompt: price, completion: price }).nullish(),
  quantizations: names.nullish(),
  /** In seconds. */
  preferred_max_latency: preferred,
  /** In tokens per second. */
  preferred_min_throughput: preferred,
});
type ProviderOptions = z.infer<typeof providerOptions>;

export const routingFields = {
  provider: providerOptions.nullish(),
  /** Fallback models in order of preference. */
  models: fallbacks,
  route: z.string().max(64).nullish(),
  plugins: z
    .array(z.looseObject({ id: z.string().max(64), enabled: z.boolean().nullish() }))
    .max(16)
    .nullish(),
  providerOptions: z.looseObject({ gateway: gatewayOptions.nullish() }).nullish(),
};
const routingBody = z.object(routingFields);
type RoutingBody = z.infer<typeof routingBody>;

export interface Routing {
  /** Names of fallback models as the request gives them, in order of preference. */
  readonly fallbacks: readonly string[];
  readonly preferences: RoutingPreferences;
  /** The request and its answer must not be stored. */
  readonly isPrivate: boolean;
  /** A field without an effect is an error. */
  readonly isStrict: boolean;
  /** Options without an effect, for x-ignored-params. */
  readonly ignored: readonly string[];
}

/** Options that need no report, because they only label a request. */
const SILENT = ["user", "tags"];
/** Plugins whose function is built into this server. */
const OWN_PLUGINS = ["file-parser", "response-healing"];

/**
 * Reads the routing options of a body. Where both routers' options are given, OpenRouter's apply.
 *
 * Throws unsupported_parameter for an unknown plugin and invalid_type for a price that is none.
 */
export function readRouting(body: RoutingBody): Routing {
  const { provider, plugins, models } = body;
  const { ignored, ...gateway } = readGateway(
    body.providerOptions?.gateway,
    "providerOptions.gateway",
  );
  const { dialect: _, ...fromGateway } = gateway.preferences;
  const preferences = provider
    ? { ...fromGateway, ...readProvider(provider) }
    : gateway.preferences;
  const zeroDataRetention =
    provider?.zdr === true || gateway.preferences.zeroDataRetention === true;
  return {
    fallbacks: [...(models ?? []), ...gateway.fallbacks],
    preferences: { ...preferences, ...(zeroDataRetention && { zeroDataRetention }) },
    isPrivate: zeroDataRetention || preferences.denyDataCollection === true,
    isStrict: provider?.require_parameters === true,
    ignored: [
      ...ignoredOptions(provider, Object.keys(providerOptions.shape), "provider"),
      ...ignored,
      ...(plugins ?? []).flatMap(({ id, enabled }) => {
        if (enabled !== false && !OWN_PLUGINS.includes(id)) {
          const why = `names ${JSON.stringify(id)}, which this server does not run; leave it out`;
          throw refuse("plugins", why);
        }
        return [`plugins.${id}`];
      }),
    ],
  };
}

const GATEWAY_SORTS: Readonly<Record<NonNullable<GatewayOptions["sort"]>, RoutingSort>> = {
  cost: "price",
  ttft: "latency",
  tps: "throughput",
};

/** Reads the options of the AI gateway. */
export function readGateway(
  gateway: GatewayOptions | null | undefined,
  param: string,
): Pick<Routing, "fallbacks" | "preferences" | "isPrivate" | "ignored"> {
  const { zeroDataRetention, disallowPromptTraining, sort: by } = gateway ?? {};
  return {
    fallbacks: gateway?.models ?? [],
    preferences: {
      ...readChoices(gateway ?? {}),
      ...(by && { sort: GATEWAY_SORTS[by] }),
      ...(zeroDataRetention === true && { zeroDataRetention }),
      ...(disallowPromptTraining === true && { denyDataCollection: true }),
      ...(gateway && { dialect: "gateway" as const }),
    },
    isPrivate: zeroDataRetention === true || disallowPromptTraining === true,
    ignored: ignoredOptions(gateway, Object.keys(gatewayOptions.shape), param),
  };
}

function readProvider(provider: ProviderOptions): RoutingPreferences {
  const { allow_fallbacks, require_parameters, data_collection, quantizations } = provider;
  const by = typeof provider.sort === "object" ? provider.sort?.by : provider.sort;
  const maxLatency = median(provider.preferred_max_latency);
  const minThroughput = median(provider.preferred_min_throughput);
  return {
    ...readChoices(provider),
    ...(typeof allow_fallbacks === "boolean" && { allowFallbacks: allow_fallbacks }),
    ...(require_parameters === true && { requireParameters: true }),
    ...(data_collection === "deny" && { denyDataCollection: true }),
    ...(quantizations && { quantizations }),
    ...(by && { sort: by }),
    ...(provider.max_price && { maxPrice: readMaxPrice(provider.max_price) }),
    ...(maxLatency !== undefined && { preferredMaxLatencyMs: maxLatency * 1000 }),
    ...(minThroughput !== undefined && { preferredMinThroughput: minThroughput }),
  };
}

function readChoices({
  only,
  order,
  ignore,
}: Pick<ProviderOptions, "only" | "order" | "ignore">): RoutingPreferences {
  return { ...(only && { only }), ...(order && { order }), ...(ignore && { ignore }) };
}

function readMaxPrice({
  prompt,
  completion,
}: NonNullable<ProviderOptions["max_price"]>): MaxPrices {
  const read = (value: string | number, name: string) =>
    readPricePerMillion(value, `provider.max_price.${name}`);
  return {
    ...((prompt ?? null) !== null && { prompt: read(prompt!, "prompt") }),
    ...((completion ?? null) !== null && { completion: read(completion!, "completion") }),
  };
}

/** The router compares means, so the bound of the median applies, else the strictest one given. */
function median(value: ProviderOptions["preferred_max_latency"]): number | undefined {
  if (typeof value === "number") return value;
  const { p50, p75, p90, p99 } = value ?? {};
  return p50 ?? p75 ?? p90 ?? p99 ?? undefined;
}

/** The requested model if it is served, else the first fallback that is, else the requested. */
export function pickModel(
  name: string,
  { fallbacks }: Pick<Routing, "fallbacks">,
  models: readonly UpstreamModel[],
): string {
  const isServed = (one: string) => findModel(models, splitModelName(one).name) !== undefined;
  return [name, ...fallbacks].find(isServed) ?? name;
}

/** The field of a request that carries its preferences; nothing where it has none. */
export function routingOf(
  { fallbacks, preferences }: Pick<Routing, "fallbacks" | "preferences">,
  models: readonly UpstreamModel[],
): { readonly routing?: RoutingPreferences } {
  const served = fallbacks.map((name) => findModel(models, splitModelName(name).name)?.id);
  const fallbackModels = served.filter((id) => id !== undefined);
  const routing = { ...preferences, ...(fallbackModels.length > 0 && { fallbackModels }) };
  return Object.keys(routing).length === 0 ? {} : { routing };
}

/** Throws unsupported_parameter for the first ignored field of a strict request. */
export function checkStrict({ isStrict }: Routing, ignored: readonly string[]): void {
  const [param] = ignored;
  if (!isStrict || param === undefined) return;
  const why = "has no effect here, but provider.require_parameters is true; leave out one of them";
  throw refuse(param, why);
}

function ignoredOptions(
  options: object | null | undefined,
  known: readonly string[],
  param: string,
) {
  return Object.entries(options ?? {}).flatMap(([name, value]) => {
    const isKnown = [...known, ...SILENT].includes(name);
    const isSet = value !== null && value !== undefined && value !== false;
    return isKnown || !isSet ? [] : [`${param}.${name}`];
  });
}

function refuse(param: string, why: string): VireoError {
  return new VireoError("unsupported_parameter", `${param} ${why}`, { param });
}
