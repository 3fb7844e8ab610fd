// Renders pages of PDF files with PDFium in a child process. Nothing in a file is followed or run:
// PDFium is built without JavaScript, its file system is empty, and no link or action is used.
// It is a process, not a thread: Node 20 can abort when a thread is terminated while it compiles.

import type { PageOptions } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { ChildGroup } from "../processes/child-group.ts";
import { startWorker } from "../processes/worker.ts";
import { choosePages } from "./page-range.ts";
import type { PageText } from "./page-text.ts";
import type { Document, PageFault, PageSize } from "./pages.ts";
import type { PdfCommand, PdfReply } from "./pdf-worker.ts";
import type { PdfReason } from "./pdfium.ts";
import type { RgbImage } from "./rgb-image.ts";

const POINTS_PER_INCH = 72;
const DPI = 150;

/** Limit of the JavaScript heap; PDFium's memory has its own limit. */
const HEAP_MB = 256;

/**
 * Opens a PDF and reads the sizes of the selected pages; nothing is rendered yet.
 *
 * Throws media_undecodable for files that are broken, encrypted or without pages, media_too_large
 * for those that take too much time or memory, what choosePages throws, and the signal's reason.
 * Pages without a size become faults; if no page has one, it throws media_undecodable.
 */
export async function openPdf(
  file: Uint8Array,
  { pages, dpi = DPI }: PageOptions,
  signal?: AbortSignal,
): Promise<Document> {
  const source = new PdfSource(file, signal);
  try {
    const total = await source.open();
    if (total < 1) throw undecodable("the PDF has no pages");
    if (total > LIMITS.document.pages) throw undecodable(`the PDF claims to have ${total} pages`);
    const numbers = choosePages(pages, total);
    const indices = numbers.map((number) => number - 1);
    const points = (await source.ask({ kind: "sizes", pages: indices })) as [number, number][];
    const sizes: PageSize[] = [];
    const faults: PageFault[] = [];
    for (const [at, [width, height]] of points.entries()) {
      const number = numbers[at]!;
      const size = sizeInPixels(width, height, dpi);
      if (size) sizes.push({ number, ...size });
      else faults.push({ number, reason: `page ${number} of the PDF has no size or is missing` });
    }
    if (sizes.length === 0) throw undecodable(faults[0]!.reason);
    return new PdfDocument(source, total, sizes, faults);
  } catch (error) {
    await source.close();
    throw error;
  }
}

class PdfDocument implements Document {
  readonly total: number;
  readonly pages: readonly PageSize[];
  readonly faults: readonly PageFault[];
  private readonly source: PdfSource;

  constructor(
    source: PdfSource,
    total: number,
    pages: readonly PageSize[],
    faults: readonly PageFault[],
  ) {
    this.source = source;
    this.total = total;
    this.pages = pages;
    this.faults = faults;
  }

  async render({ number, width, height }: PageSize): Promise<RgbImage> {
    const command = { kind: "render", page: number - 1, width, height } as const;
    return { rgb: (await this.source.ask(command, number)) as Uint8Array, width, height };
  }

  async text({ number }: PageSize): Promise<PageText> {
    return (await this.source.ask({ kind: "text", page: number - 1 }, number)) as PageText;
  }

  async countUndrawn({ number }: PageSize): Promise<number> {
    return (await this.source.ask({ kind: "undrawn", page: number - 1 }, number)) as number;
  }

  close(): Promise<void> {
    return this.source.close();
  }
}

/** Pixels of a rendered page, shrunk to the limits; undefined if the page has no size. */
function sizeInPixels(width: number, height: number, dpi: number) {
  if (!(width > 0 && height > 0 && Number.isFinite(width) && Number.isFinite(height))) {
    return undefined;
  }
  const scale = Math.min(
    dpi / POINTS_PER_INCH,
    Math.sqrt(LIMITS.page.pixels / width / height),
    LIMITS.page.sidePx / Math.max(width, height),
  );
  const pixels = (side: number): number => Math.max(1, Math.floor(side * scale + 1e-3));
  return { width: pixels(width), height: pixels(height) };
}

/**
 * A PDF and the process that has it open. If a page makes the process end by its use of memory or
 * time, only that page fails: the next command opens the file again in a new process, a few times.
 */
class PdfSource {
  private readonly file: Uint8Array;
  private readonly signal: AbortSignal | undefined;
  private process: PdfProcess;
  private reopenings = 0;
  /** Remaining time for commands; an idle document may stay open. */
  private leftMs: number = LIMITS.document.timeoutMs;

  constructor(file: Uint8Array, signal: AbortSignal | undefined) {
    this.file = file;
    this.signal = signal;
    this.process = new PdfProcess(signal);
  }

  /** Pages of the file. */
  async open(): Promise<number> {
    return (await this.timed(LIMITS.document.timeoutMs, {
      kind: "open",
      file: this.file,
    })) as number;
  }

  /** page: its number from 1, for error messages. */
  async ask(command: PdfCommand, page?: number): Promise<unknown> {
    this.signal?.throwIfAborted();
    if (this.process.hasEnded && this.reopenings < LIMITS.document.reopenings) {
      this.reopenings += 1;
      await this.process.close();
      this.process = new PdfProcess(this.signal);
      await this.open();
    }
    return await this.timed(
      page === undefined ? LIMITS.document.timeoutMs : LIMITS.page.timeoutMs,
      command,
      page,
    );
  }

  close(): Promise<void> {
    return this.process.close();
  }

  private async timed(limitMs: number, command: PdfCommand, page?: number): Promise<unknown> {
    const began = performance.now();
    try {
      return await this.process.ask(command, Math.min(limitMs, Math.max(0, this.leftMs)), page);
    } finally {
      this.leftMs -= performance.now() - began;
    }
  }
}

/** A process with one document. It runs one command at a time and is killed if one times out. */
class PdfProcess {
  private readonly group: ChildGroup;
  /** The reason of the system if there is no process at all. */
  private startError: Error | undefined;
  private readonly signal: AbortSignal | undefined;
  private waiting: { resolve(reply: PdfReply): void; reject(error: unknown): void } | undefined;
  /** The reply to every command after the process has ended. */
  private lastReply: PdfReply | undefined;

  constructor(signal?: AbortSignal) {
    signal?.throwIfAborted();
    this.signal = signal;
    this.group = startWorker(import.meta.url, "media/pdf-worker", HEAP_MB);
    const worker = this.group.process;
    worker.on("message", (reply: PdfReply) => this.waiting?.resolve(reply));
    worker.on("error", (error) => {
      if (worker.pid === undefined) this.startError = error;
      this.end("broken");
    });
    worker.on("exit", (_, signal) => {
      this.end(signal === "SIGABRT" ? "out_of_memory" : "broken");
    });
  }

  get hasEnded(): boolean {
    return this.lastReply !== undefined;
  }

  /** Throws media_too_large and kills the process if the reply takes longer than limitMs. */
  async ask(command: PdfCommand, limitMs: number, page: number | undefined): Promise<unknown> {
    this.signal?.throwIfAborted();
    if (this.lastReply?.ok === false) throw refused(this.lastReply.reason, page);
    const onAbort = (): void => this.waiting?.reject(this.signal?.reason);
    const onTime = (): void => {
      this.waiting?.reject(tooSlow(limitMs, page));
      this.end("broken");
      void this.close();
    };
    const timer = setTimeout(onTime, limitMs);
    this.signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const reply = await new Promise<PdfReply>((resolve, reject) => {
        this.waiting = { resolve, reject };
        this.group.send(command, () => this.end("broken"));
      });
      if (reply.ok) return reply.value;
      throw this.startError ?? refused(reply.reason, page);
    } finally {
      this.waiting = undefined;
      clearTimeout(timer);
      this.signal?.removeEventListener("abort", onAbort);
    }
  }

  close(): Promise<void> {
    return this.group.stop();
  }

  private end(reason: PdfReason): void {
    this.lastReply ??= { ok: false, reason };
    this.waiting?.resolve(this.lastReply);
  }
}

function undecodable(message: string): VireoError {
  return new VireoError("media_undecodable", message);
}

function tooSlow(limitMs: number, page: number | undefined): VireoError {
  const limit = Math.round(limitMs / 1000);
  const subject = page === undefined ? "the PDF" : `page ${page} of the PDF`;
  const message = `${subject} takes more than ${limit} s to draw; leave it out or lower the dpi`;
  return new VireoError("media_too_large", message, { metadata: { limit_seconds: limit } });
}

function refused(reason: PdfReason, page: number | undefined): VireoError {
  const subject = page === undefined ? "the PDF" : `page ${page} of the PDF`;
  switch (reason) {
    case "encrypted":
      return undecodable(
        "the PDF is encrypted and opens only with a password; send a copy without one",
      );
    case "xfa":
      return undecodable(
        "the PDF is an XFA form, whose fields only Adobe Acrobat draws; print it to a PDF there",
      );
    case "broken":
      return undecodable(
        `${subject} cannot be read: the file is damaged, cut short or too much to draw`,
      );
    case "out_of_memory": {
      const limit = LIMITS.document.memoryBytes;
      const message = `${subject} takes more than ${limit} bytes of memory; send it as pictures`;
      return new VireoError("media_too_large", message, { metadata: { limit } });
    }
  }
}
