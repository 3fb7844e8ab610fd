import type { UpstreamModel } from "../core/chat.ts";
import { type Prices, showPrice } from "../core/prices.ts";
import { MODEL_CARD } from "../openai/models.ts";

/** The answer of GET …/config: the models that there are. version: as "v3", the SDK's own. */
export function toGatewayConfig(
  models: readonly UpstreamModel[],
  prices: Prices,
  version: "v3" | "v4",
) {
  return {
    models: models.map(({ id }) => ({
      id,
      name: MODEL_CARD.name,
      description: MODEL_CARD.description,
      modelType: "language",
      pricing: { input: showPrice(prices.prompt), output: showPrice(prices.completion) },
      specification: { specificationVersion: version, provider: "vireo", modelId: id },
    })),
  };
}
