import { type ChatRequest, GREEDY, type PageOptions, type Upstream } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { type Document, openDocument, type PageSize } from "../media/document.ts";
import { encodeJpeg } from "../media/encode.ts";
import {
  type Conflict,
  type Evidence,
  isObject,
  type JsonObject,
  mergePages,
  type PageValue,
  scalarsOf,
} from "./merge.ts";
import { indexPage } from "./page-index.ts";
import { type Finding, verify } from "./verify.ts";

export interface ExtractOptions extends PageOptions {
  /** JSON Schema of what is wanted. */
  readonly schema: JsonObject;
  /** Said besides the schema. */
  readonly instruction?: string;
  /** Of the answer for one page. Default 4096. */
  readonly maxTokens?: number;
  readonly tilesMax?: number;
  /** False: values are not looked up in the file's own text. Default true. */
  readonly verify?: boolean;
  /** Answers of pages that are known from before, which are not asked for again. */
  readonly known?: ReadonlyMap<number, PageAnswer>;
  /** Hears of each new page; awaited before the next one. */
  readonly onPage?: (answer: PageAnswer, count: number) => Promise<void> | void;
  /** Hears of each page's picture, a JPEG. */
  readonly onPicture?: (page: number, jpeg: Buffer) => void;
  readonly signal?: AbortSignal;
}

export interface PageAnswer {
  /** Counts the file's pages from 1. */
  readonly page: number;
  readonly value: unknown;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface Extraction {
  /** Holds to the schema. */
  readonly data: unknown;
  /** Each scalar of `data` with its page, and whether the text of the page has it. */
  readonly values: readonly Evidence[];
  /** What other pages say about values that are single. */
  readonly conflicts: readonly Conflict[];
  readonly pages: readonly PageAnswer[];
  /** Pages of the file. */
  readonly totalPages: number;
  readonly model: string;
}

const MAX_TOKENS = 4096;
const SCHEMA_SHOWN_CHARACTERS = 16_384;
const PICTURE_SIDE_PX = 1100;

/**
 * Makes data of a document: each page is asked for by itself, with an answer that can only be JSON
 * of the schema, and the answers are merged (`mergePages`). Values are looked up in the text that
 * the file itself holds, where it holds any.
 *
 * Throws what openDocument and the upstream throw, and out_of_range for an answer that is cut off.
 */
export async function extract(
  upstream: Upstream,
  file: Uint8Array,
  options: ExtractOptions,
): Promise<Extraction> {
  const document = await openDocument(file, options, options.signal);
  try {
    const answers: PageAnswer[] = [];
    const values: PageValue[] = [];
    for (const page of document.pages) {
      options.signal?.throwIfAborted();
      const known = options.known?.get(page.number);
      const answer = known ?? (await askPage(upstream, file, page, document.pages.length, options));
      if (!known) await options.onPage?.(answer, document.pages.length);
      answers.push(answer);
      const { value } = answer;
      const findings = await findingsOf(
        value,
        options.verify === false ? undefined : document,
        page,
      );
      values.push({ page: page.number, value, findings });
      if (options.onPicture) {
        const drawn = await document.render(page);
        options.onPicture(page.number, await encodeJpeg(drawn, PICTURE_SIDE_PX));
      }
    }
    const merged = mergePages(options.schema, values);
    const model = upstream.models[0]?.id ?? "";
    return { ...merged, pages: answers, totalPages: document.total, model };
  } finally {
    await document.close();
  }
}

/** document: undefined where nothing is to be looked up. */
async function findingsOf(
  value: unknown,
  document: Document | undefined,
  page: PageSize,
): Promise<ReadonlyMap<string, Finding>> {
  if (document === undefined) return new Map();
  const text = indexPage(await document.text(page));
  return new Map(scalarsOf(value).map(([path, scalar]) => [path, verify(scalar, text)]));
}

async function askPage(
  upstream: Upstream,
  file: Uint8Array,
  { number: page }: PageSize,
  count: number,
  options: ExtractOptions,
): Promise<PageAnswer> {
  const request = requestOf(file, page, count, options);
  let text = "";
  for await (const event of upstream.chat(request, options.signal)) {
    if (event.type === "text") text += event.text;
    if (event.type !== "end") continue;
    const { promptTokens, completionTokens } = event.usage;
    if (event.reason === "length") throw cutOff(page, completionTokens);
    return { page, value: parsed(text, page), promptTokens, completionTokens };
  }
  throw new VireoError("internal_error", `page ${page}: the answer has no end`);
}

function requestOf(
  bytes: Uint8Array,
  page: number,
  count: number,
  options: ExtractOptions,
): ChatRequest {
  const { schema, instruction, dpi, tilesMax, exifOrientation } = options;
  const { maxTokens = MAX_TOKENS } = options;
  const json = JSON.stringify(schema);
  const shown = json.length <= SCHEMA_SHOWN_CHARACTERS ? ` of this JSON Schema:\n${json}` : ".";
  const text = [
    ...(count > 1 ? [`This is one of ${count} pages of a document.`] : []),
    "Extract what is written on this page. Copy values as they stand there; use null, an empty " +
      `text or an empty list for what is not there. Answer with JSON${shown}`,
    ...(instruction === undefined ? [] : [instruction]),
  ].join("\n");
  const document = {
    type: "document",
    bytes,
    pages: String(page),
    ...(dpi === undefined ? {} : { dpi }),
  } as const;
  return {
    messages: [{ role: "user", content: [document, { type: "text", text }] }],
    output: { type: "json_schema", schema: json },
    sampling: GREEDY,
    maxTokens,
    stop: [],
    reasoning: { enabled: false },
    ...(tilesMax === undefined ? {} : { tilesMax }),
    ...(exifOrientation === undefined ? {} : { exifOrientation }),
  };
}

function parsed(text: string, page: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VireoError("internal_error", `page ${page}: the answer is no JSON`, { cause });
  }
}

function cutOff(page: number, tokens: number): VireoError {
  const message =
    `page ${page}: the answer was cut off after ${tokens} tokens; allow more, ` +
    "or bound the schema with maxLength and maxItems";
  return new VireoError("out_of_range", message, { param: "max_tokens" });
}

/** Throws invalid_schema for what is no object of JSON. */
export function checkSchema(schema: unknown): JsonObject {
  if (isObject(schema)) return schema;
  throw new VireoError("invalid_schema", "the schema must be a JSON object");
}
