import { callBody } from "../../../protocols/ai-gateway/schema.ts";
import type { RouteOptions } from "../../context.ts";
import { gatewayConfig, languageModel } from "../language-model.ts";
import type { Route } from "../route.ts";

/** The protocol between the AI SDK and a gateway, in each of its versions. */
export function gatewayRoutes(options: RouteOptions): Route[] {
  return ["/v1/ai", "/v3/ai", "/v4/ai"].flatMap((base): Route[] => [
    {
      method: "POST",
      path: `${base}/language-model`,
      tag: "AI SDK gateway",
      summary: "Answers a call of the AI SDK",
      headers: {
        "ai-language-model-id": "name of the model",
        "ai-language-model-streaming": "true or false",
        "ai-language-model-specification-version": "3 or 4",
      },
      body: callBody,
      generates: true,
      errors: "gateway",
      handler: languageModel(options),
    },
    {
      method: "GET",
      path: `${base}/config`,
      tag: "AI SDK gateway",
      summary: "Lists models with prices",
      errors: "gateway",
      handler: gatewayConfig(options),
    },
  ]);
}
