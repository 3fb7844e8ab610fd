import { z } from "zod";
import { chatBody } from "../../../protocols/openai/chat-schema.ts";
import { completionBody } from "../../../protocols/openai/completions.ts";
import type { RouteOptions } from "../../context.ts";
import { chatCompletions } from "../chat-completions.ts";
import { completions } from "../completions.ts";
import { chatTokens } from "../input-tokens.ts";
import type { Route } from "../route.ts";

const inputTokens = z.object({ input_tokens: z.int() });

/** Chat and text completions of OpenAI. */
export function openaiRoutes(options: RouteOptions): Route[] {
  const post = { method: "POST", tag: "OpenAI" } as const;
  return [
    {
      ...post,
      path: "/v1/chat/completions",
      summary: "Answers a conversation",
      body: chatBody,
      generates: true,
      handler: chatCompletions(options),
    },
    {
      ...post,
      path: "/v1/chat/completions/input_tokens",
      summary: "Counts the tokens of a conversation",
      body: chatBody,
      answer: inputTokens,
      handler: chatTokens(options),
    },
    {
      ...post,
      path: "/v1/completions",
      summary: "Continues a text",
      body: completionBody,
      generates: true,
      handler: completions(options),
    },
  ];
}
