import type { PageOptions } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { decodeFrame, type RgbImage } from "./image.ts";
import { choosePages } from "./page-range.ts";
import { isPdf, openPdf } from "./pdf.ts";
import type { PdfText } from "./pdf-worker.ts";
import { inspectFrames } from "./source.ts";

export interface PageSize {
  /** Counts the file's pages from 1. */
  readonly number: number;
  /** Pixels of the drawn page. */
  readonly width: number;
  readonly height: number;
}

/** A file with pages. Those that were asked for can be drawn until it is closed. */
export interface Document {
  /** Pages of the file. */
  readonly total: number;
  /** Those that were asked for, in the order in which they were. */
  readonly pages: readonly PageSize[];
  render(page: PageSize): Promise<RgbImage>;
  /** What the file itself says is written on the page; empty where it has only pictures. */
  text(page: PageSize): Promise<PdfText>;
  close(): Promise<void>;
}

/**
 * Opens a PDF, a TIFF with one or more frames, or any other picture file as one page.
 *
 * Throws what openPdf and inspectImage throw, out_of_range for a wrong dpi, invalid_media for an
 * empty file, media_too_large, and unsupported_media_type for files of an office, saying how to
 * convert them.
 */
export async function openDocument(
  file: Uint8Array,
  options: PageOptions,
  signal?: AbortSignal,
): Promise<Document> {
  const { dpi } = options;
  const { documentBytes: limit, pageDpiLeast, pageDpiMost } = LIMITS;
  if (file.length === 0) throw new VireoError("invalid_media", "the document is empty (0 bytes)");
  if (file.length > limit) {
    const metadata = { limit, actual: file.length };
    const message = `the document has ${file.length} bytes; the limit is ${limit}`;
    throw new VireoError("media_too_large", message, { metadata });
  }
  if (dpi !== undefined && !(dpi >= pageDpiLeast && dpi <= pageDpiMost)) {
    const message = `dpi is ${dpi}; it must be from ${pageDpiLeast} to ${pageDpiMost}`;
    throw new VireoError("out_of_range", message, { param: "dpi" });
  }
  if (isPdf(file)) return await openPdf(file, options, signal);
  refuseOffice(file);
  return await openPictures(file, options.pages);
}

const OFFICE = [
  ["word/", "a Word document (DOCX)", "docx"],
  ["ppt/", "a PowerPoint presentation (PPTX)", "pptx"],
  ["xl/", "an Excel workbook (XLSX)", "xlsx"],
  ["opendocument", "an OpenDocument file", "odt"],
] as const;

/** Throws unsupported_media_type for what an office program writes, and says how to convert it. */
function refuseOffice(file: Uint8Array): void {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  const start = bytes.subarray(0, 8).toString("latin1");
  let found: readonly [string, string] | undefined;
  if (start.startsWith("PK")) {
    const ends = [bytes.subarray(0, 65_536), bytes.subarray(-65_536)];
    const office = OFFICE.find(([name]) => ends.some((part) => part.includes(name)));
    found = office ? [office[1], office[2]] : ["a ZIP archive", "docx"];
  } else if (start.startsWith("\xd0\xcf\x11\xe0")) found = ["an old Office file", "doc"];
  else if (start.startsWith("{\\rtf")) found = ["a rich text file (RTF)", "rtf"];
  if (found === undefined) return;
  const [what, ending] = found;
  const message =
    `the file is ${what}, which is not read. Save it as PDF and send that, ` +
    `as with: libreoffice --headless --convert-to pdf file.${ending}`;
  throw new VireoError("unsupported_media_type", message);
}

const NO_TEXT: PdfText = Object.freeze({ text: "", boxes: new Float32Array(0) });

async function openPictures(file: Uint8Array, pages: string | undefined): Promise<Document> {
  const frames = inspectFrames(file);
  const numbers = choosePages(pages, frames.length);
  return {
    total: frames.length,
    pages: numbers.map((number): PageSize => {
      const { width, height } = frames[number - 1]!;
      return { number, width, height };
    }),
    render: ({ number }) => decodeFrame(file, number - 1),
    text: async () => NO_TEXT,
    close: async () => {},
  };
}
