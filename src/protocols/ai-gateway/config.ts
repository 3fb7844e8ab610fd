import { type Prices, showPrice } from "../../core/prices.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { cardOf } from "../shared/models.ts";

/** The answer of GET …/config: the served models. version: of the SDK's specification. */
export function toGatewayConfig(
  models: readonly UpstreamModel[],
  pricesOf: (model: UpstreamModel) => Prices,
  version: "v3" | "v4",
) {
  return {
    models: models.map((model) => ({
      id: model.id,
      name: cardOf(model).name,
      description: cardOf(model).description,
      modelType: "language",
      pricing: toPricing(pricesOf(model)),
      specification: { specificationVersion: version, provider: "vireo", modelId: model.id },
    })),
  };
}

function toPricing({ prompt, completion }: Prices): {
  readonly input: string;
  readonly output: string;
} {
  return { input: showPrice(prompt), output: showPrice(completion) };
}
