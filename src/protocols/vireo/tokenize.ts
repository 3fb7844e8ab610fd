import { z } from "zod";
import { LIMITS } from "../../core/limits.ts";
import { model, text, tokenId } from "../shared/fields.ts";

/** POST /tokenize and /detokenize, in vLLM's wire format. */

export const tokenizeBody = z.union([
  z.object({
    model: model.nullish(),
    prompt: text.max(LIMITS.request.tokenizeCharacters),
    return_token_strs: z.boolean().nullish(),
  }),
  z.looseObject({ model: model.nullish(), messages: z.array(z.unknown()).min(1) }),
]);
export type TokenizeBody = z.infer<typeof tokenizeBody>;

const ids = z.custom<number[]>(
  (value) =>
    Array.isArray(value) &&
    value.length <= LIMITS.request.promptTokenIds &&
    value.every((id) => tokenId.safeParse(id).success),
  { message: "must be a list of token ids" },
);
export const detokenizeBody = z.object({ model: model.nullish(), tokens: ids });
export type DetokenizeBody = z.infer<typeof detokenizeBody>;

export const tokenizeAnswer = z.object({
  count: z.int(),
  max_model_len: z.int(),
  /** Null for messages, whose ids only the engine computes. */
  tokens: z.array(z.int()).nullable(),
  token_strs: z.array(z.string()).optional(),
});
export const detokenizeAnswer = z.object({ prompt: z.string() });
