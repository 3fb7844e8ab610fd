import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import {
  anyObject,
  boundedList,
  detail,
  mediaFields,
  model,
  pageFields,
  stopStrings,
  text,
  tokens,
} from "../shared/fields.ts";
import { routingFields } from "../shared/routing.ts";
import { hostedTool, toolName } from "../shared/tool-offer.ts";

/** The supported and the refused fields of the body of POST /v1/messages. */

const textBlock = z.object({ type: z.literal("text"), text });
const fileSource = z.object({ type: z.literal("file"), file_id: z.string().min(1).max(256) });
const imageBlock = z.object({
  type: z.literal("image"),
  source: z.discriminatedUnion("type", [
    z.object({
      type: z.literal("base64"),
      media_type: z.string().max(100),
      data: z.string(),
    }),
    z.object({ type: z.literal("url"), url: z.string() }),
    fileSource,
  ]),
  detail: detail.nullish(),
});
export type ImageBlock = z.infer<typeof imageBlock>;

const documentBlock = z.object({
  type: z.literal("document"),
  source: z.discriminatedUnion("type", [
    z.object({ type: z.literal("base64"), media_type: z.string().max(100), data: z.string() }),
    z.object({ type: z.literal("url"), url: z.string() }),
    z.object({ type: z.literal("text"), media_type: z.literal("text/plain"), data: text }),
    z.object({
      type: z.literal("content"),
      content: z.union([text, boundedList(textBlock, LIMITS.request.partsPerMessage)]),
    }),
    fileSource,
  ]),
  ...pageFields,
});
export type DocumentBlock = z.infer<typeof documentBlock>;

const id = z.string().max(256);
const searchBlock = z.object({
  type: z.literal("search_result"),
  source: text.nullish(),
  title: text.nullish(),
  content: boundedList(textBlock, LIMITS.request.partsPerMessage),
});
const resultBlock = z.discriminatedUnion("type", [
  textBlock,
  imageBlock,
  documentBlock,
  searchBlock,
]);
const block = z.discriminatedUnion("type", [
  textBlock,
  imageBlock,
  documentBlock,
  z.object({
    type: z.literal("tool_use"),
    id,
    name: z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/),
    input: anyObject,
  }),
  z.object({
    type: z.literal("tool_result"),
    tool_use_id: id,
    content: z.union([text, boundedList(resultBlock, LIMITS.request.partsPerMessage)]).nullish(),
    is_error: z.boolean().nullish(),
  }),
  z.object({ type: z.enum(["thinking", "redacted_thinking"]) }),
  searchBlock,
  z.object({ type: z.literal("container_upload") }),
]);
export type MessageBlock = z.infer<typeof block>;

const message = z.object({
  role: z.enum(["user", "assistant", "system"]),
  content: z.union([text, boundedList(block, LIMITS.request.partsPerMessage)]),
});

/** Anthropic's own servers run, or at least define, the hosted tools. */
const tool = z.union([
  z.object({
    type: z.literal("custom").nullish(),
    name: toolName,
    description: z.string().max(LIMITS.schema.bytes).nullish(),
    input_schema: anyObject,
    strict: z.boolean().nullish(),
  }),
  hostedTool,
]);

const parallelFields = { disable_parallel_tool_use: z.boolean().nullish() };

export const messagesBody = z.object({
  model,
  messages: boundedList(message, LIMITS.request.messages, 1),
  max_tokens: tokens,
  system: z.union([text, boundedList(textBlock, LIMITS.request.partsPerMessage)]).nullish(),
  stop_sequences: stopStrings.nullish(),
  stream: z.boolean().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.int().min(-1).max(LIMITS.checkpoint.vocabularyTokens).nullish(),
  tools: boundedList(tool, LIMITS.request.tools).nullish(),
  tool_choice: z
    .discriminatedUnion("type", [
      z.object({ type: z.enum(["auto", "any"]), ...parallelFields }),
      z.object({ type: z.literal("tool"), name: toolName, ...parallelFields }),
      z.object({ type: z.literal("none") }),
    ])
    .nullish(),
  thinking: z
    .discriminatedUnion("type", [
      z.object({ type: z.literal("enabled"), budget_tokens: z.int().min(1).nullish() }),
      z.object({ type: z.enum(["disabled", "adaptive"]) }),
    ])
    .nullish(),
  output_config: z
    .object({
      format: z.object({ type: z.literal("json_schema"), schema: anyObject }).nullish(),
    })
    .nullish(),
  ...mediaFields,
  ...routingFields,
  metadata: z.object({ user_id: z.string().max(4096).nullish() }).nullish(),
});
export type MessagesBody = z.infer<typeof messagesBody>;

/** The body of POST /v1/messages/count_tokens; max_tokens is optional. */
export const countBody = messagesBody.extend({ max_tokens: tokens.nullish() });
export type CountBody = z.infer<typeof countBody>;
