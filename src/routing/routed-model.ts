import { DEFAULT_CONTEXT_TOKENS, type UpstreamModel } from "../core/upstream.ts";
import { contextOf, describedModel, pricesOf, type Route } from "./endpoint.ts";

/**
 * A route as a model. What its endpoints do not share is that of the first one, which answers
 * unless it fails; the context is the largest, because a smaller endpoint is left out by request.
 */
export function modelOf({ id, aliases, endpoints }: Route): UpstreamModel {
  const [first] = endpoints;
  const described = endpoints.map(describedModel).find((model) => model !== undefined);
  const contexts = endpoints.map((one) => contextOf(one) ?? DEFAULT_CONTEXT_TOKENS);
  const contextTokens = contexts.length > 0 ? Math.max(...contexts) : DEFAULT_CONTEXT_TOKENS;
  const prices = first && pricesOf(first);
  const provider = first?.provider.name;
  const { features: _, ...facts } = described ?? {};
  return {
    createdUnix: 0,
    ownedBy: provider ?? "",
    fingerprint: "routed",
    ...facts,
    id,
    aliases,
    contextTokens,
    maxOutputTokens: Math.min(contextTokens, described?.maxOutputTokens ?? contextTokens),
    ...(provider !== undefined && { provider }),
    ...(prices !== undefined && { prices }),
  };
}
