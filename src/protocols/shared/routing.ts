import { z } from "zod";
import { type ErrorCode, VireoError } from "../../core/errors.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { findModel } from "./models.ts";
import { LOCAL_PROVIDER } from "./provider.ts";
import { splitModelName } from "./reasoning.ts";

/**
 * What clients of routers say about who may answer, and what may be kept: OpenRouter's `provider`,
 * `models` and `plugins`, and the AI gateway's `providerOptions.gateway`. There is one provider
 * here, so most of it has no effect and is told; a wish for privacy is kept or refused.
 */

/** How this server is called as a provider. */
const OWN_NAMES = [LOCAL_PROVIDER, "vireo"];

const names = z.array(z.string().max(256)).max(64);
const fallbacks = names.nullish();

/** What both routers have: providers that may answer, or may not. */
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
  /** Models that would do as well, the best first; the first that is here answers. */
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
  /** Names of models that would do as well, in order. */
  readonly fallbacks: readonly string[];
  /** Nothing of the request may be stored for later ones. */
  readonly isPrivate: boolean;
  /** Every field must have its effect. */
  readonly isStrict: boolean;
  /** For x-ignored-params. */
  readonly ignored: readonly string[];
}

/** Fields without an effect that nobody has to be told of: there is nobody else to choose. */
const SILENT = ["allow_fallbacks", "user", "tags"];
/** Plugins whose work is done here anyway. */
const OWN_PLUGINS = ["file-parser", "response-healing"];

/**
 * Throws zdr_unavailable for a wish for zero data retention, and unsupported_parameter for one that
 * leaves no provider, or for a plugin that is not run here.
 */
export function readRouting(body: RoutingBody): Routing {
  const { provider, plugins, models } = body;
  const gateway = body.providerOptions?.gateway;
  checkProviders(provider, "provider");
  const { ignored, ...wishes } = readGateway(gateway, "providerOptions.gateway");
  if (provider?.zdr === true) throw noRetention("provider.zdr");
  return {
    fallbacks: [...(models ?? []), ...wishes.fallbacks],
    isPrivate: wishes.isPrivate || provider?.data_collection === "deny",
    isStrict: provider?.require_parameters === true,
    ignored: [
      ...unused(provider, ["zdr", "data_collection", "require_parameters"], "provider"),
      ...ignored,
      ...(plugins ?? []).flatMap(({ id, enabled }) => {
        if (enabled !== false && !OWN_PLUGINS.includes(id)) {
          const why = `names ${JSON.stringify(id)}, which is not run by this server; leave it out`;
          throw refuse("unsupported_parameter", "plugins", why);
        }
        return [`plugins.${id}`];
      }),
    ],
  };
}

/** The options of the AI gateway alone. Throws what readRouting throws. */
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
    ignored: unused(gateway, known, param),
  };
}

/** The name that is asked for if it is here, else the first of the others that is. */
export function pickModel(
  name: string,
  { fallbacks }: Pick<Routing, "fallbacks">,
  models: readonly UpstreamModel[],
): string {
  const isHere = (one: string) => findModel(models, splitModelName(one).name) !== undefined;
  return [name, ...fallbacks].find(isHere) ?? name;
}

/** Throws unsupported_parameter, naming it, if one of these has no effect but must have one. */
export function checkStrict({ isStrict }: Routing, ignored: readonly string[]): void {
  const [param] = ignored;
  if (!isStrict || param === undefined) return;
  const why = "has no effect here, and provider.require_parameters asks for one; leave one out";
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
    const why = "names other providers; this server is local and passes nothing on";
    throw refuse("unsupported_parameter", `${param}.${field}`, why);
  }
  if (ignore?.some(isOwn)) {
    const why = "leaves this server out, and there is no other; take it off the list";
    throw refuse("unsupported_parameter", `${param}.ignore`, why);
  }
}

function unused(options: object | null | undefined, known: readonly string[], param: string) {
  return Object.entries(options ?? {}).flatMap(([name, value]) => {
    const isKnown = [...known, ...SILENT, ...Object.keys(choices)].includes(name);
    const isAsked = value !== null && value !== undefined && value !== false;
    return isKnown || !isAsked ? [] : [`${param}.${name}`];
  });
}

function noRetention(param: string): VireoError {
  const why =
    "asks for zero data retention, which this server cannot promise: it keeps states of prompts " +
    "and pictures in memory to answer faster; leave it out, or use provider.data_collection";
  return refuse("zdr_unavailable", param, why);
}

function refuse(code: ErrorCode, param: string, why: string): VireoError {
  return new VireoError(code, `${param} ${why}`, { param });
}
