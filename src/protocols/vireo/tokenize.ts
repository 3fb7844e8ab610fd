import { z } from "zod";
import type { ChatRequest } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { parseChatRequest } from "../openai/chat.ts";
import { model, text, tokenId } from "../shared/fields.ts";
import { requireModel } from "../shared/models.ts";
import { check } from "../shared/schema-errors.ts";

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

/** A text to encode, or a conversation to count. */
export type ParsedTokenize = { readonly model: UpstreamModel } & (
  | { readonly text: string; readonly withStrings: boolean }
  | { readonly request: ChatRequest }
);

/** Throws model_not_found, engine_loading without a model, and what parseChatRequest throws. */
export function parseTokenize(json: unknown, models: readonly UpstreamModel[]): ParsedTokenize {
  const body = check<TokenizeBody>(tokenizeBody, json);
  const model = chooseModel(models, body.model);
  if ("messages" in body) {
    return { model, request: parseChatRequest({ ...body, model: model.id }, models).request };
  }
  return { model, text: body.prompt, withStrings: body.return_token_strs === true };
}

/** The named model; the first if none is named. */
export function chooseModel(
  models: readonly UpstreamModel[],
  name: string | null | undefined,
): UpstreamModel {
  const [first] = models;
  if (typeof name === "string") return requireModel(models, name);
  if (first === undefined) throw new VireoError("engine_loading", "there is no model yet");
  return first;
}

export const tokenizeAnswer = z.object({
  count: z.int(),
  max_model_len: z.int(),
  /** Null for messages, whose ids only the engine computes. */
  tokens: z.array(z.int()).nullable(),
  token_strs: z.array(z.string()).optional(),
});
export const detokenizeAnswer = z.object({ prompt: z.string() });
