import { describe, expect, test } from "vitest";
import type { RoutingPreferences } from "../core/routing-preferences.ts";
import type { Endpoint, Provider } from "./endpoint.ts";
import { excludedBy, type Requirements } from "./filter.ts";
import { noEndpoint } from "./refusal.ts";

const upstream = { models: [], ready: true, chat: async function* () {} };

function endpoint(about: Partial<Provider> = {}, rest: Partial<Endpoint> = {}): Endpoint {
  const provider = {
    name: "here",
    upstream,
    zeroDataRetention: false,
    collectsData: false,
    ...about,
  };
  return { provider, model: "m", weight: 1, ...rest };
}

function reasonOf(
  preferences: RoutingPreferences,
  one: Endpoint = endpoint(),
  rest: Partial<Requirements> = {},
) {
  const requirements = { preferences, contextTokens: 1, missing: () => [], ...rest };
  return excludedBy(one, requirements)?.reason;
}

const PRICED = { prices: { prompt: 5n, completion: 7n } };

describe("an endpoint is left out", () => {
  test.each<[RoutingPreferences, Endpoint | undefined, string | undefined]>([
    [{ only: ["there"] }, undefined, "only"],
    [{ only: ["HERE/fast"] }, undefined, undefined],
    [{ only: [] }, undefined, undefined],
    [{ only: ["vireo"] }, endpoint({ aliases: ["vireo"] }), undefined],
    [{ ignore: ["here"] }, undefined, "ignore"],
    [{ order: ["there"] }, undefined, undefined],
    [{ order: ["there"], allowFallbacks: false }, undefined, "order"],
    [{ zeroDataRetention: true }, undefined, "zdr"],
    [{ zeroDataRetention: true }, endpoint({ zeroDataRetention: true }), undefined],
    [{ denyDataCollection: true }, endpoint({ collectsData: true }), "data_collection"],
    [{ denyDataCollection: true }, undefined, undefined],
    [{ quantizations: ["fp8"] }, undefined, "quantizations"],
    [{ quantizations: ["unknown"] }, undefined, undefined],
    [{ quantizations: ["FP8", "bf16"] }, endpoint({}, { quantization: "fp8" }), undefined],
    [{ maxPrice: { prompt: 4n } }, endpoint({}, PRICED), "max_price"],
    [{ maxPrice: { completion: 6n } }, endpoint({}, PRICED), "max_price"],
    [{ maxPrice: { prompt: 5n, completion: 7n } }, endpoint({}, PRICED), undefined],
    [{ maxPrice: { prompt: 0n } }, undefined, undefined],
  ])("case %#", (preferences, one, expected) => {
    expect(reasonOf(preferences, one)).toBe(expected);
  });

  test("for a context that is too small, and for what it cannot do", () => {
    const small = endpoint({}, { contextTokens: 100 });
    expect(reasonOf({}, small, { contextTokens: 101 })).toBe("context");
    expect(reasonOf({}, small, { contextTokens: 100 })).toBeUndefined();
    expect(reasonOf({}, small, { missing: () => ["tools"] })).toBe("parameters");
  });
});

describe("the error when nobody may answer", () => {
  test.each([
    ["only", 0, "unsupported_parameter", "provider.only"],
    ["zdr", 0, "zdr_unavailable", "provider.zdr"],
    ["context", 0, "context_length_exceeded", undefined],
    ["rate_limited", 500, "rate_limited", undefined],
    ["circuit_open", 500, "no_provider_available", undefined],
  ] as const)("%s", (reason, waitMs, code, param) => {
    const error = noEndpoint("m", [{ endpoint: endpoint(), reason }], waitMs);
    expect(error).toMatchObject({ code, param, retryAfterMs: waitMs || undefined });
    expect(error.message).toContain("here");
  });

  test("a reason of the moment beats the request's own wishes", () => {
    const error = noEndpoint(
      "m",
      [
        { endpoint: endpoint(), reason: "only" },
        { endpoint: endpoint({ name: "there" }), reason: "circuit_open" },
      ],
      900,
    );
    expect(error).toMatchObject({ code: "no_provider_available", retryAfterMs: 900 });
  });
});
