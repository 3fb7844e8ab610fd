import { VireoError } from "../core/errors.ts";
import { openDocument } from "../media/document.ts";
import { decodeText, fileKind } from "../media/kind.ts";
import { isFaultOfPage } from "../media/pages.ts";

export interface PageBody {
  /** Number of the page in the file, from 1. */
  readonly number: number;
  readonly body: string;
}

export type DocumentState = "ready" | "partly" | "failed";

export interface ReadDocument {
  readonly state: DocumentState;
  /** The reason why it is not ready. */
  readonly reason?: string;
  readonly pages: readonly PageBody[];
}

/**
 * Reads the text of each page: the text layer of documents, the whole of a text file as one page.
 * A fault of the file becomes a reason. Throws the signal's reason and errors of the machine.
 */
export async function readPages(file: Uint8Array, signal?: AbortSignal): Promise<ReadDocument> {
  const kind = fileKind(file);
  if (kind.is === "text") {
    return { state: "ready", pages: [{ number: 1, body: decodeText(file, kind.encoding) }] };
  }
  if (kind.is === "video") {
    return { state: "failed", reason: "the file is a video; videos are not indexed", pages: [] };
  }
  try {
    return await readDocument(file, signal);
  } catch (error) {
    if (!isFaultOfFile(error)) throw error;
    return { state: "failed", reason: error.message, pages: [] };
  }
}

async function readDocument(file: Uint8Array, signal?: AbortSignal): Promise<ReadDocument> {
  const document = await openDocument(file, {}, signal);
  const pages: PageBody[] = [];
  const faults = document.faults.map(({ number, reason }) => `page ${number}: ${reason}`);
  const silent: number[] = [];
  try {
    for (const page of document.pages) {
      signal?.throwIfAborted();
      try {
        const { text } = await document.text(page);
        if (text.trim() === "") silent.push(page.number);
        pages.push({ number: page.number, body: text });
      } catch (error) {
        if (!isFaultOfPage(error)) throw error;
        faults.push(`page ${page.number}: ${error.message}`);
      }
    }
  } finally {
    await document.close();
  }
  if (silent.length > 0) faults.push(`no text layer on ${pageList(silent)}; found by name only`);
  if (faults.length === 0) return { state: "ready", pages };
  return { state: "partly", reason: faults.join("; "), pages };
}

const MAX_LISTED = 20;

function pageList(numbers: readonly number[]): string {
  const listed = numbers.slice(0, MAX_LISTED).join(", ");
  const more = numbers.length - MAX_LISTED;
  const pages = numbers.length === 1 ? "page" : "pages";
  return more > 0 ? `${pages} ${listed} and ${more} more` : `${pages} ${listed}`;
}

const FILE_CODES: readonly string[] = [
  "invalid_media",
  "media_undecodable",
  "media_too_large",
  "unsupported_media_type",
  "too_many_pages",
];

/** Whether the file itself is at fault; a full disk or a lack of memory is not its fault. */
function isFaultOfFile(error: unknown): error is VireoError {
  return error instanceof VireoError && FILE_CODES.includes(error.code);
}
