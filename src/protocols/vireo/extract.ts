import { z } from "zod";
import type { ChatRequest, DocumentPart } from "../../core/chat.ts";
import { GREEDY } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import {
  anyObject,
  fileFields,
  mediaFields,
  model,
  pageFields,
  text,
  tokens,
} from "../shared/fields.ts";
import { isTooDeep, TOO_DEEP } from "../shared/json.ts";
import { toFilePart, toMediaOptions } from "../shared/media.ts";
import { check } from "../shared/schema-errors.ts";

/** POST /v1/extract: extracts data from a document by a JSON Schema, with page and box. */

const SCHEMA_NAME = /^[a-z0-9-]{1,64}$/;

export const extractBody = z.object({
  model,
  file: z.object(fileFields),
  /** A JSON Schema, or the name of a built-in one. */
  schema: z.union([z.string(), anyObject]),
  ...pageFields,
  /** False: values are not checked against the document's own text. */
  verify: z.boolean().nullish(),
  instruction: text.max(16_384).nullish(),
  /** Maximum length of the answer for one page. */
  max_tokens: tokens.nullish(),
  ...mediaFields,
  stream: z.boolean().nullish(),
});
export type ExtractBody = z.infer<typeof extractBody>;

export interface ParsedExtract {
  readonly body: ExtractBody;
  /** Contains the document, which may not be fetched or read yet. */
  readonly request: ChatRequest;
}

/**
 * Checks the parsed body of POST /v1/extract.
 *
 * Throws a VireoError that names the field and the remedy.
 */
export function parseExtract(json: unknown): ParsedExtract {
  const body = check<ExtractBody>(extractBody, json);
  const { schema, pages, dpi } = body;
  if (typeof schema === "string" && !SCHEMA_NAME.test(schema)) {
    throw wrongSchema(
      "schema must be a JSON Schema or the name of a built-in one, such as invoice",
    );
  }
  if (typeof schema === "object") {
    if (isTooDeep(schema)) throw wrongSchema(`schema ${TOO_DEEP}`);
    const limit = LIMITS.schema.bytes;
    const { length } = JSON.stringify(schema);
    if (length > limit)
      throw wrongSchema(`schema has ${length} characters; at most ${limit} are accepted`);
  }
  const part = toFilePart(
    { ...body.file, ...(pages ? { pages } : {}), ...(dpi ? { dpi } : {}) },
    "file",
  );
  const messages = [{ role: "user", content: [part] }] as const;
  const media = toMediaOptions(body);
  return { body, request: { messages, ...media, sampling: GREEDY, stop: [], reasoning: {} } };
}

/** The document of a complete request. Throws unsupported_modality for another kind of file. */
export function documentOf(messages: ChatRequest["messages"]): DocumentPart {
  const content = messages[0]?.content;
  const part = typeof content === "string" ? undefined : content?.[0];
  if (part?.type === "document") return part;
  const message = "file is not a document; send a PDF or an image";
  throw new VireoError("unsupported_modality", message, { param: "file" });
}

function wrongSchema(message: string): VireoError {
  return new VireoError("invalid_schema", message, { param: "schema" });
}

/** The result of an extraction, as the library returns it. */
export interface Extracted {
  readonly data: unknown;
  readonly values: readonly object[];
  readonly conflicts: readonly object[];
  readonly pages: readonly ExtractedPage[];
  /** Pages that could not be rendered. */
  readonly failedPages: readonly { readonly page: number; readonly reason: string }[];
  /** Pages whose image lacks characters, because no font has them. */
  readonly undrawn: readonly { readonly page: number; readonly characters: number }[];
  readonly totalPages: number;
}

export interface ExtractedPage {
  readonly page: number;
  readonly value: unknown;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

const usage = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
});
const pageAnswer = z.object({ page: z.int(), value: z.unknown(), usage });

export const extractAnswer = z.object({
  id: z.string(),
  object: z.literal("extraction"),
  created: z.int(),
  model: z.string(),
  data: z.unknown(),
  values: z.array(
    z.object({
      path: z.string(),
      value: z.unknown(),
      page: z.int(),
      verdict: z.string(),
      box: z.array(z.number()).optional(),
    }),
  ),
  conflicts: z.array(z.object({ path: z.string(), page: z.int(), value: z.unknown() })),
  pages: z.array(pageAnswer),
  failed_pages: z.array(z.object({ page: z.int(), reason: z.string() })).optional(),
  undrawn: z.array(z.object({ page: z.int(), characters: z.int() })).optional(),
  total_pages: z.int(),
  usage,
});

export function toPageAnswer({ page, value, ...tokens }: ExtractedPage) {
  return { page, value, usage: toUsage([tokens]) };
}

export function toExtraction(
  result: Extracted,
  head: { readonly id: string; readonly created: number; readonly model: string },
) {
  const { data, values, conflicts, pages, failedPages, undrawn, totalPages } = result;
  return {
    id: head.id,
    object: "extraction",
    created: head.created,
    model: head.model,
    data,
    values,
    conflicts,
    pages: pages.map(toPageAnswer),
    ...(failedPages.length > 0 && { failed_pages: failedPages }),
    ...(undrawn.length > 0 && { undrawn }),
    total_pages: totalPages,
    usage: toUsage(pages),
  };
}

function toUsage(pages: readonly Pick<ExtractedPage, "promptTokens" | "completionTokens">[]) {
  const prompt_tokens = pages.reduce((sum, page) => sum + page.promptTokens, 0);
  const completion_tokens = pages.reduce((sum, page) => sum + page.completionTokens, 0);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}
