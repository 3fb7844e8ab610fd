import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import {
  anyObject,
  boundedList,
  detail,
  EFFORTS,
  mediaFields,
  samplingFields,
  text,
  tokens,
} from "../shared/fields.ts";
import { gatewayOptions } from "../shared/routing.ts";
import { toolName } from "../shared/tool-offer.ts";

/**
 * The body of POST …/language-model: an AI SDK model call, versions 3 and 4. Headers contain the
 * model and whether to stream.
 */

/** A URL, a data: URL or base64; version 4 marks which. */
const fileData = z.union([
  z.string(),
  z.object({ type: z.literal("data"), data: z.string() }),
  z.object({ type: z.literal("url"), url: z.string() }),
]);
const textPart = z.object({ type: z.literal("text"), text });
const filePart = z.object({
  type: z.literal("file"),
  mediaType: z.string().max(100),
  data: fileData,
  providerOptions: z.object({ vireo: z.object({ detail: detail.nullish() }).nullish() }).nullish(),
});
export type FilePart = z.infer<typeof filePart>;

const id = z.string().max(256);
/**
 * A part of a tool result: text, or a file. Its type depends on the version of the SDK: media,
 * file, file-data, file-url, image-data, image-url, and some types with ids.
 */
const outputPart = z.object({
  type: z.string().max(64),
  text: text.nullish(),
  data: fileData.nullish(),
  url: z.string().nullish(),
  mediaType: z.string().max(100).nullish(),
});
export type ToolOutputPart = z.infer<typeof outputPart>;
const output = z.discriminatedUnion("type", [
  z.object({ type: z.enum(["text", "error-text"]), value: text }),
  z.object({ type: z.enum(["json", "error-json"]), value: z.unknown() }),
  z.object({ type: z.literal("execution-denied"), reason: text.nullish() }),
  z.object({
    type: z.literal("content"),
    value: boundedList(outputPart, LIMITS.request.partsPerMessage),
  }),
]);
export type ToolOutput = z.infer<typeof output>;

const toolResult = z.object({
  type: z.literal("tool-result"),
  toolCallId: id,
  toolName: z.string().max(256),
  output,
});
const userPart = z.discriminatedUnion("type", [textPart, filePart]);
const assistantPart = z.discriminatedUnion("type", [
  textPart,
  filePart,
  toolResult,
  z.object({ type: z.literal("reasoning") }),
  z.object({
    type: z.literal("tool-call"),
    toolCallId: id,
    toolName: z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/),
    input: z.unknown(),
    providerExecuted: z.boolean().nullish(),
  }),
]);
const toolPart = z.discriminatedUnion("type", [
  toolResult,
  z.object({ type: z.literal("tool-approval-response") }),
]);

const message = z.discriminatedUnion("role", [
  z.object({ role: z.literal("system"), content: text }),
  z.object({
    role: z.literal("user"),
    content: boundedList(userPart, LIMITS.request.partsPerMessage),
  }),
  z.object({
    role: z.literal("assistant"),
    content: boundedList(assistantPart, LIMITS.request.partsPerMessage),
  }),
  z.object({
    role: z.literal("tool"),
    content: boundedList(toolPart, LIMITS.request.partsPerMessage),
  }),
]);
export type PromptMessage = z.infer<typeof message>;

const tool = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("function"),
    name: toolName,
    description: z.string().max(LIMITS.schema.bytes).nullish(),
    inputSchema: anyObject,
    strict: z.boolean().nullish(),
  }),
  z.object({ type: z.enum(["provider", "provider-defined"]), id: z.string().max(256) }),
]);

export const callBody = z.object({
  prompt: boundedList(message, LIMITS.request.messages, 1),
  maxOutputTokens: tokens.nullish(),
  temperature: samplingFields.temperature,
  topP: samplingFields.top_p,
  topK: samplingFields.top_k,
  presencePenalty: samplingFields.presence_penalty,
  frequencyPenalty: samplingFields.frequency_penalty,
  seed: samplingFields.seed,
  stopSequences: z.array(text.min(1).max(256)).max(LIMITS.request.stopStrings).nullish(),
  responseFormat: z
    .discriminatedUnion("type", [
      z.object({ type: z.literal("text") }),
      z.object({ type: z.literal("json"), schema: anyObject.nullish() }),
    ])
    .nullish(),
  tools: boundedList(tool, LIMITS.request.tools).nullish(),
  toolChoice: z
    .discriminatedUnion("type", [
      z.object({ type: z.enum(["auto", "none", "required"]) }),
      z.object({ type: z.literal("tool"), toolName }),
    ])
    .nullish(),
  /** Version 4 only. */
  reasoning: z.enum([...EFFORTS, "provider-default"]).nullish(),
  includeRawChunks: z.boolean().nullish(),
  providerOptions: z
    .object({
      gateway: gatewayOptions.nullish(),
      vireo: z
        .object({
          reasoningEffort: z.enum(EFFORTS).nullish(),
          thinkingTokenBudget: z.int().min(1).nullish(),
          ...mediaFields,
        })
        .nullish(),
    })
    .nullish(),
});
export type CallBody = z.infer<typeof callBody>;
