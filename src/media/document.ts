import type { PageOptions } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { decodeFrame } from "./image.ts";
import { type FileKind, fileKind, SEND_DOCUMENT } from "./kind.ts";
import type { MediaOwner } from "./media-owner.ts";
import { officeToPdf } from "./office.ts";
import { choosePages } from "./page-range.ts";
import { NO_TEXT } from "./page-text.ts";
import type { Document, PageSize } from "./pages.ts";
import { openPdf } from "./pdf.ts";
import { inspectFrames } from "./source.ts";

const NOBODY: MediaOwner = Object.freeze({ tenant: "", request: {}, cacheOwner: "" });

/**
 * Opens a PDF, a TIFF with one or more frames, or any other picture file as one page. Office
 * documents are converted first, in the owner's turn.
 *
 * Throws what openPdf, inspectImage and officeToPdf throw, out_of_range for a wrong dpi,
 * invalid_media for an empty file, media_too_large, and unsupported_media_type, with advice on how
 * to convert it.
 */
export async function openDocument(
  file: Uint8Array,
  options: PageOptions,
  signal?: AbortSignal,
  owner: MediaOwner = NOBODY,
): Promise<Document> {
  const readable = await convertOffice(file, options, owner, signal);
  const kind = fileKind(readable);
  if (kind.is === "pdf") return await openPdf(readable, options, signal);
  if (kind.is === "picture") return await openPictures(readable, options);
  return refuse(kind);
}

/** The file, or the PDF that an office document becomes. Throws what openDocument throws. */
export async function convertOffice(
  file: Uint8Array,
  { dpi }: PageOptions,
  owner: MediaOwner,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const limit = LIMITS.document.bytes;
  const { minDpi, maxDpi } = LIMITS.page;
  if (file.length === 0) throw new VireoError("invalid_media", "the document is empty (0 bytes)");
  if (file.length > limit) {
    const metadata = { limit, actual: file.length };
    const message = `the document has ${file.length} bytes; the limit is ${limit}`;
    throw new VireoError("media_too_large", message, { metadata });
  }
  if (dpi !== undefined && !(dpi >= minDpi && dpi <= maxDpi)) {
    const message = `dpi is ${dpi}; it must be from ${minDpi} to ${maxDpi}`;
    throw new VireoError("out_of_range", message, { param: "dpi" });
  }
  const kind = fileKind(file);
  return kind.is === "office" ? await officeToPdf(file, kind, owner, signal) : file;
}

/** Throws unsupported_media_type for what has no pages, with the way out. */
function refuse(kind: FileKind): never {
  throw new VireoError("unsupported_media_type", noDocument(kind));
}

function noDocument(kind: FileKind): string {
  switch (kind.is) {
    case "video":
      return "the file is a video, which has no pages; send it as a part of type video_url";
    case "text":
      return `the file is ${kind.markup ?? "text"}, which has no pages to look at; send it as text`;
    case "other":
      return `the file is ${kind.name}, which is not read; ${kind.advice}`;
    default:
      return `the file is of no known format; ${SEND_DOCUMENT}`;
  }
}

async function openPictures(file: Uint8Array, options: PageOptions): Promise<Document> {
  const frames = inspectFrames(file, options);
  const numbers = choosePages(options.pages, frames.length);
  return {
    total: frames.length,
    pages: numbers.map((number): PageSize => {
      const { width, height, turn } = frames[number - 1]!;
      return { number, width, height, ...(turn === 1 ? {} : { turn }) };
    }),
    faults: [],
    render: ({ number }) => decodeFrame(file, number - 1, options),
    countUndrawn: async () => 0,
    text: async () => NO_TEXT,
    close: async () => {},
  };
}
