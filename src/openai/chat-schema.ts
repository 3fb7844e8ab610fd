import { z } from "zod";
import { LIMITS } from "../core/limits.ts";
import { outputFields } from "./output-format.ts";
import { REASONING_FORMATS } from "./reasoning-format.ts";
import { toolFields } from "./tools.ts";

/**
 * The body of POST /v1/chat/completions, as far as it has an effect. Clients send null for what
 * they leave out. What is not here is either refused (chat-unsupported.ts) or reported as ignored.
 */

const text = z.string().refine((value) => !/\p{Surrogate}/u.test(value), {
  message: "has half of a surrogate pair (\\ud800 to \\udfff alone), which is no character",
});

const imageUrl = z.union([
  z.string(),
  z.object({ url: z.string(), detail: z.enum(["auto", "low", "high", "original"]).nullish() }),
]);

const textPart = z.object({ type: z.enum(["text", "input_text", "output_text"]), text });
const imagePart = z.object({ type: z.enum(["image_url", "input_image"]), image_url: imageUrl });
const refusalPart = z.object({ type: z.literal("refusal"), refusal: text });

export const chatPart = z.discriminatedUnion("type", [textPart, imagePart, refusalPart]);
export type ChatPart = z.infer<typeof chatPart>;

const toolCall = z.object({
  id: z.string().nullish(),
  type: z.literal("function").nullish(),
  function: z.object({
    name: z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/),
    // some clients keep the parsed object in their history
    arguments: z.union([text, z.custom<object>((value) => typeof value === "object")]).nullish(),
  }),
});

export const chatMessage = z.object({
  role: z.enum(["system", "developer", "user", "assistant", "tool", "function"]),
  content: z.union([text, z.array(chatPart).max(LIMITS.partsPerMessage)]).nullish(),
  tool_calls: z.array(toolCall).max(128).nullish(),
  /** What tool_calls were once called. */
  function_call: toolCall.shape.function.nullish(),
  tool_call_id: z.string().max(256).nullish(),
  name: z.string().max(256).nullish(),
  /** Reasoning of an earlier answer, in any of the spellings in which answers have it. */
  reasoning_content: text.nullish(),
  reasoning: text.nullish(),
  reasoning_details: z
    .array(z.object({ text: text.nullish() }))
    .max(1000)
    .nullish(),
});
export type ChatMessageBody = z.infer<typeof chatMessage>;

const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh"] as const;
const tokens = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);
const stopString = text.min(1).max(LIMITS.stopStringCharacters);
const seed = z
  .number()
  .min(-(2 ** 63))
  .lt(2 ** 63)
  .refine(Number.isInteger, { message: "must be a whole number" });

export const chatBody = z.object({
  model: z.string().min(1).max(256),
  messages: z.array(chatMessage).min(1).max(LIMITS.messages),

  max_tokens: tokens.nullish(),
  max_completion_tokens: tokens.nullish(),
  min_tokens: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .nullish(),
  ignore_eos: z.boolean().nullish(),
  stop: z.union([stopString, z.array(stopString).max(LIMITS.stopStrings)]).nullish(),

  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.int().min(-1).max(LIMITS.vocabularyTokens).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  repetition_penalty: z.number().gt(0).max(100).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  seed: seed.nullish(),
  logit_bias: z
    .custom<object>((value) => typeof value === "object" && !Array.isArray(value), {
      message: "must be an object from token ids to numbers",
    })
    .nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(LIMITS.topLogprobs).nullish(),
  bad_words: z.array(text.min(1).max(LIMITS.stopStringCharacters)).max(LIMITS.badWords).nullish(),
  stop_token_ids: z
    .array(z.int().min(0).max(LIMITS.vocabularyTokens))
    .max(LIMITS.stopTokens)
    .nullish(),
  n: z.int().min(1).max(8).nullish(),

  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),

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

  mm_processor_kwargs: z.object({ max_num_tiles: z.int().min(1).max(12).nullish() }).nullish(),

  metadata: z
    .custom<object>((value) => isMetadata(value), {
      message: "must be an object of at most 16 texts, names up to 64 and values up to 512 long",
    })
    .nullish(),
  user: z.string().max(512).nullish(),
});
export type ChatBody = z.infer<typeof chatBody>;

function isMetadata(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= 16 &&
    entries.every(([key, entry]) => {
      return key.length <= 64 && typeof entry === "string" && entry.length <= 512;
    })
  );
}
