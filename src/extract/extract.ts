import type { ChatRequest, PageOptions } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import type { FailedPage } from "../core/inspection.ts";
import type { Upstream } from "../core/upstream.ts";
import { openDocument } from "../media/document.ts";
import { encodeJpeg } from "../media/encode.ts";
import type { PageText } from "../media/page-text.ts";
import { type Document, isFaultOfPage, type PageSize } from "../media/pages.ts";
import type { RgbImage } from "../media/rgb-image.ts";
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
  /** JSON Schema of the data to extract. */
  readonly schema: JsonObject;
  /** Text for the model in addition to the schema. */
  readonly instruction?: string;
  /** Limit of the answer for one page. Default 4096. */
  readonly maxTokens?: number;
  readonly maxTiles?: number;
  /** False: values are not verified against the file's text layer. Default true. */
  readonly verify?: boolean;
  /** Answers from an earlier run, by page; these pages are not sent to the model again. */
  readonly known?: ReadonlyMap<number, PageAnswer>;
  /** True: each page event carries the page as a JPEG. Default false. */
  readonly pictures?: boolean;
  /** The tenant in whose turn an office document is converted. Default: "". */
  readonly tenant?: string;
  readonly signal?: AbortSignal;
}

export interface PageAnswer {
  /** Number of the page in the file, from 1. */
  readonly page: number;
  readonly value: unknown;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface Extraction {
  /** Conforms to the schema. */
  readonly data: unknown;
  /** Each scalar of `data` with its page, and whether the page's text contains it. */
  readonly values: readonly Evidence[];
  /** Different values that other pages have for single values. */
  readonly conflicts: readonly Conflict[];
  readonly pages: readonly PageAnswer[];
  readonly failedPages: readonly FailedPage[];
  /** Pages with characters that have no glyph in any font; the rendered page lacks them. */
  readonly undrawn: readonly { readonly page: number; readonly characters: number }[];
  /** Number of pages in the file. */
  readonly totalPages: number;
  readonly model: string;
}

/** `page` for each page, in the order of the selection; `end` once and last. */
export type ExtractEvent =
  | {
      readonly type: "page";
      readonly answer: PageAnswer;
      /** Whether the answer comes from `known`. */
      readonly isKnown: boolean;
      /** Number of selected pages. */
      readonly count: number;
      readonly picture?: Buffer;
    }
  | { readonly type: "end"; readonly extraction: Extraction };

const MAX_TOKENS = 4096;
const SCHEMA_SHOWN_CHARACTERS = 16_384;
const PICTURE_SIDE_PX = 1100;
const NO_FILE = new Uint8Array(0);

/**
 * Extracts data from a document. The model answers each page separately with JSON constrained to
 * the schema, and the answers are merged (`mergePages`). Values are verified against the file's
 * text layer if it has one. The file is opened once, and each page is rendered once.
 *
 * A page that cannot be rendered is listed in the result; if none can, the first error is thrown.
 * Throws what openDocument and the upstream throw, and out_of_range for a truncated answer.
 *
 * @example
 * const schema = await readSchema("invoice");
 * const file = await readFile("invoice.pdf");
 * for await (const event of extract(engine, file, { schema })) {
 *   if (event.type === "end") console.log(event.extraction.data);
 * }
 */
export async function* extract(
  upstream: Upstream,
  file: Uint8Array,
  options: ExtractOptions,
): AsyncGenerator<ExtractEvent, void, undefined> {
  const { tenant = "", signal } = options;
  const owner = { tenant, request: options, cacheOwner: tenant };
  const document = await openDocument(file, options, signal, owner);
  try {
    const pages: PageAnswer[] = [];
    const values: PageValue[] = [];
    const undrawn: { page: number; characters: number }[] = [];
    const failedPages = document.faults.map(({ number, reason }) => ({ page: number, reason }));
    let failure: unknown;
    const count = document.pages.length;
    for (const { number: page, ...size } of document.pages) {
      options.signal?.throwIfAborted();
      const read = await readPage(document, { number: page, ...size }, options).catch((error) => {
        if (!isFaultOfPage(error)) throw error;
        failure ??= error;
        failedPages.push({ page, reason: error.message });
      });
      if (read === undefined) continue;
      const { image, text } = read;
      const known = options.known?.get(page);
      const answer = known ?? (await askPage(upstream, image!, page, count, options));
      const picture = options.pictures && (await encodeJpeg(image!, PICTURE_SIDE_PX));
      yield { type: "page", answer, isKnown: !!known, count, ...(picture && { picture }) };
      pages.push(answer);
      values.push({ page, value: answer.value, findings: findingsOf(answer.value, text) });
      if (text && text.undrawn > 0) undrawn.push({ page, characters: text.undrawn });
    }
    if (pages.length === 0) throw failure;
    const merged = mergePages(options.schema, values);
    const model = upstream.models[0]?.id ?? "";
    const { total: totalPages } = document;
    const extraction = { ...merged, pages, failedPages, undrawn, totalPages, model };
    yield { type: "end", extraction };
  } finally {
    await document.close();
  }
}

/**
 * Reads the events of `extract` to their end and returns the result.
 *
 * @example
 * const schema = await readSchema("invoice");
 * const events = extract(engine, await readFile("invoice.pdf"), { schema });
 * const { data, conflicts } = await extractionOf(events);
 */
export async function extractionOf(events: AsyncIterable<ExtractEvent>): Promise<Extraction> {
  for await (const event of events) if (event.type === "end") return event.extraction;
  throw new VireoError("internal_error", "the extraction has no end");
}

interface ReadPage {
  /** Undefined if neither the model nor the caller needs it. */
  readonly image: RgbImage | undefined;
  /** Undefined if values are not verified. */
  readonly text: PageText | undefined;
}

async function readPage(
  document: Document,
  page: PageSize,
  { known, pictures, verify: isVerified = true }: ExtractOptions,
): Promise<ReadPage> {
  const needsImage = pictures || !known?.has(page.number);
  const image = needsImage ? await document.render(page) : undefined;
  return { image, text: isVerified ? await document.text(page) : undefined };
}

function findingsOf(value: unknown, text: PageText | undefined): ReadonlyMap<string, Finding> {
  if (text === undefined) return new Map();
  const page = indexPage(text);
  return new Map(scalarsOf(value).map(([path, scalar]) => [path, verify(scalar, page)]));
}

async function askPage(
  upstream: Upstream,
  image: RgbImage,
  page: number,
  count: number,
  options: ExtractOptions,
): Promise<PageAnswer> {
  const request = requestOf(image, count, options);
  let text = "";
  for await (const event of upstream.chat(request, options.signal)) {
    if (event.type === "text") text += event.text;
    if (event.type !== "end") continue;
    const { promptTokens, completionTokens } = event.usage;
    if (event.reason === "length") throw cutOff(page, completionTokens);
    return { page, value: parseAnswer(text, page), promptTokens, completionTokens };
  }
  throw new VireoError("internal_error", `page ${page}: the answer has no end`);
}

function requestOf(pixels: RgbImage, count: number, options: ExtractOptions): ChatRequest {
  const { schema, instruction, maxTiles } = options;
  const { maxTokens = MAX_TOKENS } = options;
  const json = JSON.stringify(schema);
  const shown = json.length <= SCHEMA_SHOWN_CHARACTERS ? ` of this JSON Schema:\n${json}` : ".";
  const text = [
    ...(count > 1 ? [`This is one of ${count} pages of a document.`] : []),
    "Extract what is written on this page. Copy values as they stand there; use null, an empty " +
      `text or an empty list for what is not there. Answer with JSON${shown}`,
    ...(instruction === undefined ? [] : [instruction]),
  ].join("\n");
  const image = { type: "image", bytes: NO_FILE, pixels } as const;
  return {
    messages: [{ role: "user", content: [image, { type: "text", text }] }],
    output: { type: "json_schema", schema: json },
    maxTokens,
    reasoning: { enabled: false },
    ...defined({ maxTiles }),
  };
}

function parseAnswer(text: string, page: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new VireoError("internal_error", `page ${page}: the answer is not JSON`, { cause });
  }
}

function cutOff(page: number, tokens: number): VireoError {
  const message =
    `page ${page}: the answer was cut off after ${tokens} tokens; allow more, ` +
    "or bound the schema with maxLength and maxItems";
  return new VireoError("out_of_range", message, { param: "max_tokens" });
}

/** Throws invalid_schema unless the value is a JSON object. */
export function checkSchema(schema: unknown): JsonObject {
  if (isObject(schema)) return schema;
  throw new VireoError("invalid_schema", "the schema must be a JSON object");
}
