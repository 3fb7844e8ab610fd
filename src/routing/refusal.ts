import { type ErrorCode, VireoError } from "../core/errors.ts";
import type { RoutingPreferences } from "../core/routing-preferences.ts";
import type { Exclusion, ExclusionReason } from "./filter.ts";

type Params = Readonly<Partial<Record<ExclusionReason, string>>>;

/** Field of a chat request that a reason for exclusion comes from. */
const PARAMS: Params = {
  order: "provider.order",
  only: "provider.only",
  ignore: "provider.ignore",
  max_price: "provider.max_price",
  quantizations: "provider.quantizations",
  data_collection: "provider.data_collection",
  zdr: "provider.zdr",
};

const GATEWAY_PARAMS: Params = {
  order: "providerOptions.gateway.order",
  only: "providerOptions.gateway.only",
  ignore: "providerOptions.gateway.ignore",
  data_collection: "providerOptions.gateway.disallowPromptTraining",
  zdr: "providerOptions.gateway.zeroDataRetention",
};

const MEANINGS: Readonly<Record<ExclusionReason, string>> = {
  order: "is not in the list",
  only: "is not in the list",
  ignore: "is in the list",
  max_price: "costs more",
  quantizations: "has another format",
  data_collection: "may train on requests",
  zdr: "is not marked as keeping no data",
  context: "has too small a context",
  parameters: "does not support",
  rate_limited: "asked for a pause",
  circuit_open: "failed repeatedly and is left alone for a while",
};

/**
 * The error of a request that no endpoint may answer. It names what stands in the way of each one.
 *
 * waitMs: time until an endpoint that is only unavailable now takes requests again.
 */
export function noEndpoint(
  model: string,
  exclusions: readonly Exclusion[],
  waitMs: number,
  { dialect }: RoutingPreferences = {},
): VireoError {
  const reasons = exclusions.map(({ reason }) => reason);
  const list = exclusions
    .map(({ endpoint, reason, detail }) => {
      const more = detail === undefined ? "" : ` (${detail})`;
      return `${endpoint.provider.name} ${MEANINGS[reason]}${more}`;
    })
    .join("; ");
  const code = codeFor(reasons);
  const param = commonParam(reasons, dialect === "gateway" ? GATEWAY_PARAMS : PARAMS);
  const remedy = REMEDIES[code] ?? "change the request's routing options";
  const subject = param === undefined ? "" : `${param} leaves none: `;
  const message = `no provider of ${model} may answer: ${subject}${list}; ${remedy}`;
  return new VireoError(code, message, {
    ...(param !== undefined && { param }),
    ...(waitMs > 0 && { retryAfterMs: waitMs }),
  });
}

const REMEDIES: Readonly<Partial<Record<ErrorCode, string>>> = {
  rate_limited: "try again later",
  no_provider_available: "try again later",
  context_length_exceeded: "send a shorter prompt or a smaller max_tokens",
};

/** Reasons of the moment decide only where no request of this kind could be answered elsewhere. */
function codeFor(reasons: readonly ExclusionReason[]): ErrorCode {
  const passing = reasons.filter((one) => one === "rate_limited" || one === "circuit_open");
  if (passing.length > 0) {
    return passing.every((one) => one === "rate_limited")
      ? "rate_limited"
      : "no_provider_available";
  }
  if (reasons.length > 0 && reasons.every((one) => one === "context")) {
    return "context_length_exceeded";
  }
  return reasons.includes("zdr") ? "zdr_unavailable" : "unsupported_parameter";
}

function commonParam(reasons: readonly ExclusionReason[], names: Params): string | undefined {
  const params = new Set(reasons.map((reason) => names[reason]));
  const [first] = params;
  return params.size === 1 ? first : undefined;
}
