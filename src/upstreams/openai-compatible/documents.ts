import type { DocumentPart } from "../../core/chat.ts";
import { LIMITS } from "../../core/limits.ts";
import { openDocument } from "../../media/document.ts";
import { encodePng } from "../../media/encode.ts";
import { fileKind } from "../../media/kind.ts";
import { tooManyPages } from "../../media/page-range.ts";
import { type Document, isFaultOfPage } from "../../media/pages.ts";
import type { Dialect } from "./dialect.ts";
import type { JsonObject } from "./json-values.ts";
import { dataUrl, pictureUrlPart, toBase64 } from "./pictures.ts";

/** The file as it is, if the server reads it as this one would. Undefined: it must be rendered. */
export function toFilePart(part: DocumentPart, dialect: Dialect): JsonObject | undefined {
  const { bytes, pages, dpi, exifOrientation } = part;
  if (dialect.rendersLikeVireo && exifOrientation === undefined) {
    const file_data = dataUrl("application/octet-stream", bytes);
    const file = { filename: "document", file_data, pages, dpi };
    return { type: "file", file };
  }
  const isWhole = pages === undefined && dpi === undefined;
  if (!isWhole || fileKind(bytes).is !== "pdf") return undefined;
  return dialect.pdfPart?.(toBase64(bytes));
}

/**
 * Renders the selected pages of a document as pictures. A note stands for a page that cannot be
 * rendered. Throws what openDocument throws, too_many_pages, and the first page's error if no page
 * can be rendered.
 */
export async function toPageParts(part: DocumentPart, signal: AbortSignal): Promise<JsonObject[]> {
  const document = await openDocument(part.bytes, part, signal);
  try {
    if (document.pages.length > LIMITS.request.pages) throw tooManyPages(document.pages.length);
    return await renderPages(document, signal);
  } finally {
    await document.close();
  }
}

async function renderPages(document: Document, signal: AbortSignal): Promise<JsonObject[]> {
  const rendered: JsonObject[] = [];
  const failed = document.faults.map(({ number }) => number);
  let firstError: unknown;
  for (const page of document.pages) {
    signal.throwIfAborted();
    try {
      const png = await encodePng(await document.render(page));
      rendered.push(pictureUrlPart(dataUrl("image/png", png)));
    } catch (error) {
      if (!isFaultOfPage(error)) throw error;
      firstError ??= error;
      failed.push(page.number);
    }
  }
  if (rendered.length === 0 && firstError !== undefined) throw firstError;
  const notes = failed.map((number) => {
    return { type: "text", text: `(Page ${number} of this document cannot be drawn.)` };
  });
  return [...rendered, ...notes];
}
