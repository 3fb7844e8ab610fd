import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import {
  detail,
  EFFORTS,
  fileFields,
  mediaFields,
  metadata,
  model,
  samplingFields,
  streamFields,
  text,
  tokens,
  videoData,
  videoSampling,
} from "../shared/fields.ts";
import { outputFields } from "../shared/output-format.ts";
import { REASONING_FORMATS } from "../shared/reasoning-format.ts";
import { routingFields } from "../shared/routing.ts";
import { toolFields } from "../shared/tools.ts";

/**
 * The supported fields of the body of POST /v1/chat/completions. Clients may send null for an
 * absent field. Other fields are refused (chat-unsupported.ts) or reported as ignored.
 */

const fileId = z.string().max(256).nullish();
/** A URL or the id of a stored file; a later check requires one of them. */
const reference = z.object({ url: z.string().nullish(), file_id: fileId });
const imageUrl = z.union([z.string(), reference.extend({ detail: detail.nullish() })]);

const textPart = z.object({ type: z.enum(["text", "input_text", "output_text"]), text });
const imagePart = z.object({
  type: z.enum(["image_url", "input_image", "image"]),
  image_url: imageUrl.nullish(),
  image: imageUrl.nullish(),
  file_id: fileId,
  detail: detail.nullish(),
});
const videoPart = z.object({
  type: z.enum(["video_url", "input_video", "video"]),
  video_url: z.union([z.string(), reference]).nullish(),
  video: z.union([z.string(), reference]).nullish(),
  input_video: z.union([z.string(), videoData, reference]).nullish(),
  file_id: fileId,
  ...videoSampling,
});
const refusalPart = z.object({ type: z.literal("refusal"), refusal: text });

/** Reasoning in the parts of an earlier answer, from some clients. */
const thinkingPart = z.object({ type: z.enum(["thinking", "redacted_thinking", "reasoning"]) });

const filePart = z.object({ type: z.literal("file"), file: z.object(fileFields) });
const inputFilePart = z.object({ type: z.literal("input_file"), ...fileFields });

export const chatPart = z.discriminatedUnion("type", [
  textPart,
  imagePart,
  videoPart,
  filePart,
  inputFilePart,
  refusalPart,
  thinkingPart,
]);
export type ChatPart = z.infer<typeof chatPart>;

const calledFunction = z.object({
  name: z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/),
  // some clients send the parsed object instead of JSON text
  arguments: z.union([text, z.custom<object>((value) => typeof value === "object")]).nullish(),
});
const toolCall = z.union([
  z.object({
    id: z.string().nullish(),
    type: z.literal("function").nullish(),
    function: calledFunction,
  }),
  z.object({
    id: z.string().nullish(),
    type: z.literal("custom"),
    custom: z.object({ name: calledFunction.shape.name, input: text }),
  }),
]);

export const chatMessage = z.object({
  role: z.enum(["system", "developer", "user", "assistant", "tool", "function"]),
  content: z.union([text, z.array(chatPart).max(LIMITS.request.partsPerMessage)]).nullish(),
  tool_calls: z.array(toolCall).max(128).nullish(),
  /** The deprecated form of tool_calls. */
  function_call: calledFunction.nullish(),
  tool_call_id: z.string().max(256).nullish(),
  name: z.string().max(256).nullish(),
  /** The assistant's refusal, which replaces content. */
  refusal: text.nullish(),
  /** Reasoning of an earlier answer, in any field of ReasoningBody. */
  reasoning_content: text.nullish(),
  reasoning: text.nullish(),
  reasoning_details: z
    .array(z.object({ text: text.nullish() }))
    .max(1000)
    .nullish(),
});
export type ChatMessageBody = z.infer<typeof chatMessage>;

export const chatBody = z.object({
  model,
  messages: z.array(chatMessage).min(1).max(LIMITS.request.messages),

  max_tokens: tokens.nullish(),
  max_completion_tokens: tokens.nullish(),
  ...samplingFields,
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(LIMITS.request.topLogprobs).nullish(),
  ...streamFields,

  ...toolFields,
  ...outputFields,

  reasoning_effort: z.enum(EFFORTS).nullish(),
  reasoning: z
    .object({
      effort: z.enum(EFFORTS).nullish(),
      max_tokens: z.int().min(0).nullish(),
      exclude: z.boolean().nullish(),
      enabled: z.boolean().nullish(),
    })
    .nullish(),
  include_reasoning: z.boolean().nullish(),
  thinking_token_budget: z.int().min(0).nullish(),
  chat_template_kwargs: z.object({ enable_thinking: z.boolean().nullish() }).nullish(),
  reasoning_format: z.enum(REASONING_FORMATS).nullish(),
  keep_reasoning: z.boolean().nullish(),
  continue_final_message: z.boolean().nullish(),
  add_generation_prompt: z.boolean().nullish(),

  ...mediaFields,
  ...routingFields,

  metadata: metadata.nullish(),
  user: z.string().max(512).nullish(),
});
export type ChatBody = z.infer<typeof chatBody>;
