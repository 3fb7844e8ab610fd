import { z } from "zod";
import { inputQuery } from "../../../protocols/openai/responses-input.ts";
import { responseBody } from "../../../protocols/openai/responses-schema.ts";
import type { RouteOptions } from "../../context.ts";
import { responseTokens } from "../input-tokens.ts";
import { deleteResponse, getResponse, responseInput, responses } from "../responses.ts";
import type { Route } from "../route.ts";

/** The Responses protocol and its stored responses. */
export function responseRoutes(options: RouteOptions): Route[] {
  const post = { method: "POST", tag: "OpenAI" } as const;
  const get = { method: "GET", tag: "OpenAI" } as const;
  return [
    {
      ...post,
      path: "/v1/responses",
      summary: "Answers in items; stores the response for a day unless store is false",
      body: responseBody,
      generates: true,
      handler: responses(options),
    },
    {
      ...post,
      path: "/v1/responses/input_tokens",
      summary: "Counts the input tokens of a response",
      body: responseBody,
      answer: z.object({
        object: z.literal("response.input_tokens"),
        input_tokens: z.int(),
      }),
      handler: responseTokens(options),
    },
    {
      ...get,
      path: "/v1/responses/:id",
      summary: "A response that is kept",
      handler: getResponse(options),
    },
    {
      ...get,
      path: "/v1/responses/:id/input_items",
      summary: "The items that came in with a response",
      query: inputQuery,
      handler: responseInput(options),
    },
    {
      method: "DELETE",
      tag: "OpenAI",
      path: "/v1/responses/:id",
      summary: "Forgets a response",
      answer: z.object({
        id: z.string(),
        object: z.literal("response"),
        deleted: z.literal(true),
      }),
      handler: deleteResponse(options),
    },
  ];
}
