import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
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
  videoData,
  videoSampling,
} from "../shared/fields.ts";
import { routingFields } from "../shared/routing.ts";
import {
  customDefinition,
  functionDefinition,
  hostedTool,
  toolName,
} from "../shared/tool-offer.ts";

/** The supported and the refused fields of the body of POST /v1/responses. */

const part = z.discriminatedUnion("type", [
  z.object({ type: z.enum(["input_text", "output_text", "text", "reasoning_text"]), text }),
  z.object({ type: z.literal("refusal"), refusal: text }),
  z.object({
    type: z.literal("input_image"),
    image_url: z
      .union([z.string(), z.object({ url: z.string(), detail: detail.nullish() })])
      .nullish(),
    file_id: z.string().max(256).nullish(),
    detail: detail.nullish(),
  }),
  z.object({
    type: z.literal("input_video"),
    video_url: z.union([z.string(), z.object({ url: z.string() })]).nullish(),
    input_video: videoData.nullish(),
    file_id: z.string().max(256).nullish(),
    ...videoSampling,
  }),
  z.object({ type: z.literal("input_file"), ...fileFields }),
  z.object({ type: z.literal("input_audio") }),
]);
export type ResponsePart = z.infer<typeof part>;

const content = z.union([text, boundedList(part, LIMITS.request.partsPerMessage)]);
const id = z.string().max(256);

const message = z.object({
  type: z.literal("message").nullish(),
  role: z.enum(["user", "assistant", "system", "developer"]),
  content: content.nullish(),
});
const calledName = z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/);
const namespace = z.string().max(128).nullish();

const functionTool = z.object({ type: z.literal("function"), ...functionDefinition.shape });
const customTool = z.object({ type: z.literal("custom"), ...customDefinition.shape });
const tool = z.union([
  functionTool,
  customTool,
  z.object({
    type: z.literal("namespace"),
    name: toolName,
    description: z.string().max(LIMITS.schema.bytes).nullish(),
    tools: boundedList(z.union([functionTool, customTool]), LIMITS.request.tools),
  }),
  hostedTool,
]);
export type ResponseTool = z.infer<typeof tool>;
const tools = boundedList(tool, LIMITS.request.tools);

/** Items of hosted tools, which come from the answers of other servers. */
const FOREIGN_ITEMS = [
  "apply_patch_call",
  "apply_patch_call_output",
  "code_interpreter_call",
  "compaction",
  "compaction_trigger",
  "computer_call",
  "computer_call_output",
  "file_search_call",
  "image_generation_call",
  "local_shell_call",
  "local_shell_call_output",
  "mcp_approval_request",
  "mcp_approval_response",
  "mcp_call",
  "mcp_list_tools",
  "program",
  "program_output",
  "shell_call",
  "shell_call_output",
  "tool_search_call",
  "tool_search_output",
  "web_search_call",
] as const;

const itemReference = z.object({ type: z.literal("item_reference").nullish(), id });
export type ItemReference = z.infer<typeof itemReference>;

export const responseItem = z.union([
  message,
  z.object({
    type: z.literal("function_call"),
    call_id: id,
    name: calledName,
    namespace,
    arguments: text,
  }),
  z.object({ type: z.literal("function_call_output"), call_id: id, output: content }),
  z.object({
    type: z.literal("custom_tool_call"),
    call_id: id,
    name: calledName,
    namespace,
    input: text,
  }),
  z.object({ type: z.literal("custom_tool_call_output"), call_id: id, output: content }),
  z.object({ type: z.literal("reasoning") }),
  itemReference,
  z.object({ type: z.literal("additional_tools"), tools }),
  z.object({ type: z.enum(FOREIGN_ITEMS) }),
]);
export type ResponseItem = z.infer<typeof responseItem>;
export type ForeignItem = Extract<ResponseItem, { type: (typeof FOREIGN_ITEMS)[number] }>;

export function isForeign(item: ResponseItem): item is ForeignItem {
  return FOREIGN_ITEMS.some((type) => type === item.type);
}

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

const toolReference = z.union([
  z.object({ type: z.enum(["function", "custom"]), name: toolName, namespace }),
  hostedTool,
]);
const { n: _, ...sampling } = samplingFields;

export const responseBody = z.object({
  model,
  /** Optional with previous_response_id. */
  input: z.union([text, boundedList(responseItem, LIMITS.request.messages)]).nullish(),
  instructions: text.nullish(),
  tools: tools.nullish(),
  tool_choice: z
    .union([
      z.enum(["none", "auto", "required"]),
      z.object({
        type: z.literal("allowed_tools"),
        mode: z.enum(["auto", "required"]),
        tools: boundedList(toolReference, LIMITS.request.tools, 1),
      }),
      toolReference,
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.object({ effort: z.enum(EFFORTS).nullish() }).nullish(),
  text: z.object({ format: format.nullish() }).nullish(),
  previous_response_id: id.nullish(),
  conversation: z.null().optional(),
  prompt: z.null().optional(),

  ...mediaFields,
  ...routingFields,
  ...sampling,
  max_output_tokens: tokens.nullish(),
  top_logprobs: z.int().min(0).max(LIMITS.request.topLogprobs).nullish(),
  include: boundedList(z.string().max(64), 16).nullish(),
  stream: z.boolean().nullish(),
  /** Default: true if this server stores responses. */
  store: z.boolean().nullish(),
  background: z.literal(false).nullish(),
  truncation: z.enum(["auto", "disabled"]).nullish(),
  metadata: metadata.nullish(),
  user: z.string().max(512).nullish(),
});
export type ResponseBody = z.infer<typeof responseBody>;
