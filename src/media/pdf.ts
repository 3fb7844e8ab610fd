// Pages of PDF files, drawn by PDFium in its own process. Nothing in a file is followed or run:
// PDFium is built without JavaScript, its file system is empty, and no link or action is asked for.
// A process and not a thread: Node 20 can abort as a whole when a thread is ended that compiles.

import { type ChildProcess, fork } from "node:child_process";
import type { PageOptions } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { Document, PageSize } from "./document.ts";
import type { RgbImage } from "./image.ts";
import { choosePages } from "./page-range.ts";
import type { PdfCommand, PdfReason, PdfReply, PdfText } from "./pdf-worker.ts";

const POINTS_PER_INCH = 72;
const DPI = 150;

/** Megabytes of JavaScript's own heap; PDFium's memory is bounded apart. */
const HEAP_MB = 256;

/** A process runs JavaScript as it is built, also where tests run the sources. */
const WORKER = import.meta.url.endsWith(".ts")
  ? new URL("../../dist/media/pdf-worker.js", import.meta.url)
  : new URL("./pdf-worker.js", import.meta.url);

/**
 * Opens a PDF and reads the sizes of the pages that are asked for; nothing is drawn yet.
 *
 * Throws media_undecodable for files that are broken, encrypted or without pages, media_too_large
 * for those that take too much time or memory, what choosePages throws, and the signal's reason.
 */
export async function openPdf(
  file: Uint8Array,
  { pages, dpi = DPI }: PageOptions,
  signal?: AbortSignal,
): Promise<Document> {
  const process = new PdfProcess(signal);
  try {
    const total = (await process.ask({ kind: "open", file })) as number;
    if (total < 1) throw undecodable("the PDF has no pages");
    if (total > LIMITS.pagesPerDocument) throw undecodable(`the PDF claims to have ${total} pages`);
    const numbers = choosePages(pages, total);
    const asked = numbers.map((number) => number - 1);
    const points = (await process.ask({ kind: "sizes", pages: asked })) as [number, number][];
    const sizes = points.map(([width, height], at): PageSize => {
      return { number: numbers[at]!, ...sizeInPixels(width, height, dpi, numbers[at]!) };
    });
    return new PdfDocument(process, total, sizes);
  } catch (error) {
    await process.close();
    throw error;
  }
}

class PdfDocument implements Document {
  readonly total: number;
  readonly pages: readonly PageSize[];
  private readonly process: PdfProcess;

  constructor(process: PdfProcess, total: number, pages: readonly PageSize[]) {
    this.process = process;
    this.total = total;
    this.pages = pages;
  }

  async render({ number, width, height }: PageSize): Promise<RgbImage> {
    const command = { kind: "render", page: number - 1, width, height } as const;
    return { rgb: (await this.process.ask(command, number)) as Uint8Array, width, height };
  }

  async text({ number }: PageSize): Promise<PdfText> {
    const { pageTextCharacters: charactersMost } = LIMITS;
    return (await this.process.ask(
      { kind: "text", page: number - 1, charactersMost },
      number,
    )) as PdfText;
  }

  close(): Promise<void> {
    return this.process.close();
  }
}

/** Pixels of a page, shrunk where it would have more than are taken. */
function sizeInPixels(width: number, height: number, dpi: number, number: number) {
  if (!(width > 0 && height > 0 && Number.isFinite(width) && Number.isFinite(height))) {
    throw undecodable(`page ${number} of the PDF has no size or is missing`);
  }
  const wanted = dpi / POINTS_PER_INCH;
  const scale = Math.min(
    wanted,
    Math.sqrt(LIMITS.pagePixels / width / height),
    LIMITS.pageSidePx / Math.max(width, height),
  );
  const pixels = (side: number): number => Math.max(1, Math.floor(side * scale + 1e-3));
  return { width: pixels(width), height: pixels(height) };
}

/** A process with one document. One question at a time; ended for good when one takes too long. */
class PdfProcess {
  private readonly worker: ChildProcess;
  private readonly ended: Promise<void>;
  private readonly signal: AbortSignal | undefined;
  /** Time for work that is left; a document that nobody draws may stay open. */
  private leftMs: number = LIMITS.documentMs;
  private waiting: { resolve(reply: PdfReply): void; reject(error: unknown): void } | undefined;
  /** What every question gets once the process is gone. */
  private lastReply: PdfReply | undefined;

  constructor(signal?: AbortSignal) {
    signal?.throwIfAborted();
    this.signal = signal;
    this.worker = fork(WORKER, [], {
      serialization: "advanced",
      env: {},
      execArgv: [`--max-old-space-size=${HEAP_MB}`],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.ended = new Promise((resolve) => this.worker.once("exit", () => resolve()));
    this.worker.on("message", (reply: PdfReply) => this.waiting?.resolve(reply));
    this.worker.on("error", () => this.end("broken"));
    this.worker.on("exit", (_, signal) => {
      this.end(signal === "SIGABRT" ? "out_of_memory" : "broken");
    });
  }

  /** page: counts from 1, for the message if it cannot be read. */
  async ask(command: PdfCommand, page?: number): Promise<unknown> {
    this.signal?.throwIfAborted();
    if (this.lastReply?.ok === false) throw refused(this.lastReply.reason, page);
    const onAbort = (): void => this.waiting?.reject(this.signal?.reason);
    const onTime = (): void => this.waiting?.reject(tooSlow());
    const began = performance.now();
    const timer = setTimeout(onTime, Math.max(0, this.leftMs));
    this.signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const reply = await new Promise<PdfReply>((resolve, reject) => {
        this.waiting = { resolve, reject };
        this.worker.send(command, (error) => error && this.end("broken"));
      });
      if (reply.ok) return reply.value;
      throw refused(reply.reason, page);
    } finally {
      this.waiting = undefined;
      clearTimeout(timer);
      this.leftMs -= performance.now() - began;
      this.signal?.removeEventListener("abort", onAbort);
    }
  }

  async close(): Promise<void> {
    if (this.worker.kill("SIGKILL")) await this.ended;
  }

  private end(reason: PdfReason): void {
    this.lastReply ??= { ok: false, reason };
    this.waiting?.resolve(this.lastReply);
  }
}

function undecodable(message: string): VireoError {
  return new VireoError("media_undecodable", message);
}

function tooSlow(): VireoError {
  const limit = LIMITS.documentMs / 1000;
  const message = `the PDF takes more than ${limit} s to draw; send fewer pages or lower the dpi`;
  return new VireoError("media_too_large", message, { metadata: { limit_seconds: limit } });
}

function refused(reason: PdfReason, page: number | undefined): VireoError {
  const what = page === undefined ? "the PDF" : `page ${page} of the PDF`;
  switch (reason) {
    case "encrypted":
      return undecodable("the PDF is encrypted; send a copy without a password");
    case "broken":
      return undecodable(
        `${what} cannot be read: the file is damaged, cut short or too much to draw`,
      );
    case "out_of_memory": {
      const limit = LIMITS.documentMemoryBytes;
      const message = `${what} takes more than ${limit} bytes of memory; send it as pictures`;
      return new VireoError("media_too_large", message, { metadata: { limit } });
    }
  }
}
