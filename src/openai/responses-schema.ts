import { z } from "zod";
import { LIMITS } from "../core/limits.ts";
import {
  anyObject,
  boundedList,
  detail,
  EFFORTS,
  fileFields,
  mediaFields,
  metadata,
  model,
  samplingFields,
  text,
  tokens,
  videoSampling,
} from "./fields.ts";
import { functionDefinition, toolName } from "./tools.ts";

/** The body of POST /v1/responses, as far as it has an effect or is refused. */

const part = z.discriminatedUnion("type", [
  z.object({ type: z.enum(["input_text", "output_text", "text", "reasoning_text"]), text }),
  z.object({ type: z.literal("refusal"), refusal: text }),
  z.object({
    type: z.literal("input_image"),
    image_url: z.string().nullish(),
    file_id: z.string().max(256).nullish(),
    detail: detail.nullish(),
  }),
  z.object({
    type: z.literal("input_video"),
    video_url: z.string().nullish(),
    file_id: z.string().max(256).nullish(),
    ...videoSampling,
  }),
  z.object({ type: z.literal("input_file"), ...fileFields }),
  z.object({ type: z.literal("input_audio") }),
]);
export type ResponsePart = z.infer<typeof part>;

const content = z.union([text, boundedList(part, LIMITS.partsPerMessage)]);
const id = z.string().max(256);

const message = z.object({
  type: z.literal("message").optional(),
  role: z.enum(["user", "assistant", "system", "developer"]),
  content,
});
const item = z.discriminatedUnion("type", [
  message,
  z.object({
    type: z.literal("function_call"),
    call_id: id,
    name: z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/),
    arguments: text,
  }),
  z.object({ type: z.literal("function_call_output"), call_id: id, output: content }),
  z.object({ type: z.literal("reasoning") }),
]);
export type ResponseItem = z.infer<typeof item>;

const format = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({
    type: z.literal("json_schema"),
    name: z.string().max(64).nullish(),
    description: z.string().nullish(),
    schema: anyObject,
    strict: z.boolean().nullish(),
  }),
]);

const tool = z.object({ type: z.literal("function"), ...functionDefinition.shape });
const named = z.object({ type: z.literal("function"), name: toolName });
const { n: _, ...sampling } = samplingFields;

export const responseBody = z.object({
  model,
  input: z.union([text, boundedList(item, LIMITS.messages, 1)]),
  instructions: text.nullish(),
  tools: boundedList(tool, LIMITS.toolsPerRequest).nullish(),
  tool_choice: z
    .union([
      z.enum(["none", "auto", "required"]),
      named,
      z.object({
        type: z.literal("allowed_tools"),
        mode: z.enum(["auto", "required"]),
        tools: boundedList(named, LIMITS.toolsPerRequest, 1),
      }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.object({ effort: z.enum(EFFORTS).nullish() }).nullish(),
  text: z.object({ format: format.nullish() }).nullish(),
  previous_response_id: z.null().optional(),
  conversation: z.null().optional(),
  prompt: z.null().optional(),

  ...mediaFields,
  ...sampling,
  max_output_tokens: tokens.nullish(),
  top_logprobs: z.int().min(0).max(LIMITS.topLogprobs).nullish(),
  include: boundedList(z.string().max(64), 16).nullish(),
  stream: z.boolean().nullish(),
  store: z.literal(false).nullish(),
  background: z.literal(false).nullish(),
  truncation: z.enum(["auto", "disabled"]).nullish(),
  metadata: metadata.nullish(),
  user: z.string().max(512).nullish(),
});
export type ResponseBody = z.infer<typeof responseBody>;
