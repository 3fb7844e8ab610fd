import type { UpstreamModel } from "../../core/upstream.ts";
import { parseCall } from "../../protocols/ai-gateway/call.ts";
import { parseCountRequest, parseMessagesRequest } from "../../protocols/anthropic/request.ts";
import { parseChatRequest } from "../../protocols/openai/chat.ts";
import { parseCompletionRequest } from "../../protocols/openai/completions.ts";
import { completeBody, uploadBody } from "../../protocols/openai/files.ts";
import type { StoredTurns } from "../../protocols/openai/response-memory.ts";
import { openMemory } from "../../protocols/openai/response-memory.ts";
import { parseResponseRequest } from "../../protocols/openai/responses.ts";
import { check } from "../../protocols/shared/schema-errors.ts";
import { parseEstimate } from "../../protocols/vireo/estimate.ts";
import { parseExtract } from "../../protocols/vireo/extract.ts";
import { detokenizeBody, parseTokenize } from "../../protocols/vireo/tokenize.ts";

/** Inputs of a parser besides the body. */
export interface ParseContext {
  readonly models: readonly UpstreamModel[];
  /** Name of the model, if a header contains it. */
  readonly model?: string;
  /** The tenant's stored responses. */
  readonly turns?: StoredTurns | undefined;
}

type Parser<T> = (json: unknown, context: ParseContext) => T;

/** The stateless parser of each kind of request body: JSON → a checked request. */
export const PARSERS = {
  chat: (json, { models }) => parseChatRequest(json, models),
  completion: (json, { models }) => parseCompletionRequest(json, models),
  messages: (json, { models }) => parseMessagesRequest(json, models),
  messageCount: (json, { models }) => parseCountRequest(json, models),
  response: (json, { models, turns }) => {
    return parseResponseRequest(json, models, turns && openMemory(turns));
  },
  call: (json, { models, model = "" }) => parseCall(json, model, models),
  extraction: (json) => parseExtract(json),
  estimate: (json, { models }) => parseEstimate(json, models),
  tokenize: (json, { models }) => parseTokenize(json, models),
  detokenize: (json) => check(detokenizeBody, json),
  upload: (json) => check(uploadBody, json),
  uploadEnd: (json) => check(completeBody, json),
} satisfies Readonly<Record<string, Parser<unknown>>>;

export type ParserName = keyof typeof PARSERS;
export type Parsed<N extends ParserName> = ReturnType<(typeof PARSERS)[N]>;

/** Parses and checks a body. Throws invalid_json and the parser's errors. */
export function parseAs<N extends ParserName>(
  name: N,
  json: unknown,
  context: ParseContext,
): Parsed<N> {
  return (PARSERS[name] as Parser<Parsed<N>>)(json, context);
}
