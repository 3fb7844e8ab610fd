import { z } from "zod";
import { type ErrorCode, VireoError } from "../../core/errors.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { findModel } from "./models.ts";
import { LOCAL_PROVIDER } from "./provider.ts";
import { splitModelName } from "./reasoning.ts";

/**
 * Routing and privacy options of routers: OpenRouter's `provider`, `models` and `plugins`, and the
 * AI gateway's `providerOptions.gateway`. This server is the only provider, so most options have no
 * effect and are reported. A privacy option is honoured or refused.
 */

/** Names of this server as a provider. */
const OWN_NAMES = [LOCAL_PROVIDER, "vireo"];

const names = z.array(z.string().max(256)).max(64);
const fallbacks = names.nullish();

/** Provider lists that both routers have. */
const choices = { only: names.nullish(), order: names.nullish(), ignore: names.nullish() };

export const gatewayOptions = z.looseObject({
  ...choices,
  models: fallbacks,
  zeroDataRetention: z.boolean().nullish(),
  disallowPromptTraining: z.boolean().nullish(),
});

export const routingFields = {
  provider: z
    .looseObject({
      ...choices,
      zdr: z.boolean().nullish(),
      data_collection: z.enum(["allow", "deny"]).nullish(),
      require_parameters: z.boolean().nullish(),
    })
    .nullish(),
  /** Fallback models in order of preference; the first one that is served answers. */
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
type Choices = z.infer<z.ZodObject<typeof choices>>;

export interface Routing {
  /** Names of fallback models, in order of preference. */
  readonly fallbacks: readonly string[];
  /** The request and its answer must not be stored. */
  readonly isPrivate: boolean;
  /** A field without an effect is an error. */
  readonly isStrict: boolean;
  /** Options without an effect, for x-ignored-params. */
  readonly ignored: readonly string[];
}

/** Options that need no report, because there is no other provider to choose. */
const SILENT = ["allow_fallbacks", "user", "tags"];
/** Plugins whose function is built into this server. */
const OWN_PLUGINS = ["file-parser", "response-healing"];

/**
 * Reads the routing options of a body.
 *
 * Throws zdr_unavailable for zero data retention, and unsupported_parameter for a provider list
 * that excludes this server or for an unknown plugin.
 */
export function readRouting(body: RoutingBody): Routing {
  const { provider, plugins, models } = body;
  const gateway = body.providerOptions?.gateway;
  checkProviders(provider, "provider");
  const { ignored, ...gatewayRouting } = readGateway(gateway, "providerOptions.gateway");
  if (provider?.zdr === true) throw noRetention("provider.zdr");
  return {
    fallbacks: [...(models ?? []), ...gatewayRouting.fallbacks],
    isPrivate: gatewayRouting.isPrivate || provider?.data_collection === "deny",
    isStrict: provider?.require_parameters === true,
    ignored: [
      ...ignoredOptions(provider, ["zdr", "data_collection", "require_parameters"], "provider"),
      ...ignored,
      ...(plugins ?? []).flatMap(({ id, enabled }) => {
        if (enabled !== false && !OWN_PLUGINS.includes(id)) {
          const why = `names ${JSON.stringify(id)}, which this server does not run; leave it out`;
          throw refuse("unsupported_parameter", "plugins", why);
        }
        return [`plugins.${id}`];
      }),
    ],
  };
}

/** Reads the options of the AI gateway. Throws what readRouting throws. */
export function readGateway(
  gateway: z.infer<typeof gatewayOptions> | null | undefined,
  param: string,
): Pick<Routing, "fallbacks" | "isPrivate" | "ignored"> {
  checkProviders(gateway, param);
  if (gateway?.zeroDataRetention === true) throw noRetention(`${param}.zeroDataRetention`);
  const known = ["models", "zeroDataRetention", "disallowPromptTraining"];
  return {
    fallbacks: gateway?.models ?? [],
    isPrivate: gateway?.disallowPromptTraining === true,
    ignored: ignoredOptions(gateway, known, param),
  };
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

/** Throws unsupported_parameter for the first ignored field of a strict request. */
export function checkStrict({ isStrict }: Routing, ignored: readonly string[]): void {
  const [param] = ignored;
  if (!isStrict || param === undefined) return;
  const why = "has no effect here, but provider.require_parameters is true; leave out one of them";
  throw refuse("unsupported_parameter", param, why);
}

function checkProviders(choices: Choices | null | undefined, param: string): void {
  const { only, order, ignore } = choices ?? {};
  const isOwn = (name: string) => OWN_NAMES.includes(name.toLowerCase().split("/")[0] ?? "");
  for (const [field, list] of [
    ["only", only],
    ["order", order],
  ] as const) {
    if (!list || list.length === 0 || list.some(isOwn)) continue;
    const why =
      "lists only other providers; this server forwards no requests, so add local or leave it out";
    throw refuse("unsupported_parameter", `${param}.${field}`, why);
  }
  if (ignore?.some(isOwn)) {
    const why = "excludes this server, the only provider; remove it from the list";
    throw refuse("unsupported_parameter", `${param}.ignore`, why);
  }
}

function ignoredOptions(
  options: object | null | undefined,
  known: readonly string[],
  param: string,
) {
  return Object.entries(options ?? {}).flatMap(([name, value]) => {
    const isKnown = [...known, ...SILENT, ...Object.keys(choices)].includes(name);
    const isSet = value !== null && value !== undefined && value !== false;
    return isKnown || !isSet ? [] : [`${param}.${name}`];
  });
}

function noRetention(param: string): VireoError {
  const why =
    "asks for zero data retention, but this server caches states of prompts and images in " +
    "memory; leave it out, or use provider.data_collection";
  return refuse("zdr_unavailable", param, why);
}

function refuse(code: ErrorCode, param: string, why: string): VireoError {
  return new VireoError(code, `${param} ${why}`, { param });
}
