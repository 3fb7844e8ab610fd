import { estimateBody } from "../../../protocols/vireo/estimate.ts";
import {
  detokenizeAnswer,
  detokenizeBody,
  tokenizeAnswer,
  tokenizeBody,
} from "../../../protocols/vireo/tokenize.ts";
import type { RouteOptions } from "../../context.ts";
import { estimate } from "../estimate.ts";
import { getModel, listModels, modelEndpoints } from "../models.ts";
import type { Route } from "../route.ts";
import { detokenize, tokenize } from "../tokenize.ts";

/** Models, estimates and tokens. */
export function modelRoutes(options: RouteOptions): Route[] {
  const get = { method: "GET", tag: "Models" } as const;
  const post = { method: "POST", tag: "Tokens" } as const;
  return [
    { ...get, path: "/v1/models", summary: "Lists models", handler: listModels(options) },
    {
      ...get,
      path: "/v1/models/:id{.*?}/endpoints",
      summary: "Providers of a model",
      handler: modelEndpoints(options),
    },
    {
      ...get,
      path: "/v1/models/:id{.+}",
      summary: "Describes a model",
      handler: getModel(options),
    },
    {
      ...post,
      path: "/v1/estimate",
      summary: "Counts tokens and cost of a conversation by part",
      body: estimateBody,
      handler: estimate(options),
    },
    {
      ...post,
      path: "/tokenize",
      summary: "Turns text into tokens",
      body: tokenizeBody,
      answer: tokenizeAnswer,
      handler: tokenize(options),
    },
    {
      ...post,
      path: "/detokenize",
      summary: "Turns tokens into text",
      body: detokenizeBody,
      answer: detokenizeAnswer,
      handler: detokenize(options),
    },
  ];
}
