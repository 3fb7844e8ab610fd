import { z } from "zod";
import { countBody, messagesBody } from "../../../protocols/anthropic/schema.ts";
import type { RouteOptions } from "../../context.ts";
import { messages, messageTokens } from "../messages.ts";
import type { Route } from "../route.ts";

const inputTokens = z.object({ input_tokens: z.int() });

/** Messages of Anthropic. */
export function anthropicRoutes(options: RouteOptions): Route[] {
  const post = { method: "POST", tag: "Anthropic", errors: "anthropic" } as const;
  return [
    {
      ...post,
      path: "/v1/messages",
      summary: "Answers a conversation in content blocks",
      body: messagesBody,
      generates: true,
      handler: messages(options),
    },
    {
      ...post,
      path: "/v1/messages/count_tokens",
      summary: "Counts the tokens of a conversation",
      body: countBody,
      answer: inputTokens,
      handler: messageTokens(options),
    },
  ];
}
