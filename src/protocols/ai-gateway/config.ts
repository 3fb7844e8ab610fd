import { type Prices, showPrice } from "../../core/prices.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { cardOf } from "../shared/models.ts";

/** The answer of GET …/config: the models that there are. version: as "v3", the SDK's own. */
export function toGatewayConfig(
  models: readonly UpstreamModel[],
  prices: Prices,
  version: "v3" | "v4",
) {
  return {
    models: models.map((model) => ({
      id: model.id,
      name: cardOf(model).name,
      description: cardOf(model).description,
      modelType: "language",
      pricing: { input: showPrice(prices.prompt), output: showPrice(prices.completion) },
      specification: { specificationVersion: version, provider: "vireo", modelId: model.id },
    })),
  };
}
