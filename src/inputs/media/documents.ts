import { createHash } from "node:crypto";
import type { DocumentPart } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import type { DocumentInspection, FailedPage, PageInspection } from "../../core/inspection.ts";
import { LIMITS } from "../../core/limits.ts";
import { openDocument } from "../../media/document.ts";
import { encodeJpeg } from "../../media/encode.ts";
import { type Document, isFaultOfPage, type PageSize } from "../../media/pages.ts";
import { wordsOf } from "../../media/words.ts";
import type { ImageStore, OpenedImage, PlannedImage } from "./images.ts";
import { Semaphore } from "./semaphore.ts";

export interface PlannedPage extends PlannedImage {
  /** Number of the page in the file, from 1. */
  readonly number: number;
}

/** Requested pages of a document and their tokens; none is rendered yet. */
export interface PlannedDocument {
  /** Number of pages in the file. */
  readonly total: number;
  readonly pages: readonly PlannedPage[];
  readonly failedPages: readonly FailedPage[];
  /** Pages with characters that no font has; empty if they were not counted. */
  readonly undrawn: readonly { readonly page: number; readonly characters: number }[];
}

export interface OpenedDocument extends PlannedDocument {
  readonly images: readonly OpenedImage[];
}

export interface DocumentOptions {
  readonly maxTiles: number;
  /** Called with the plan before any page is rendered; may throw. */
  readonly onPlan: (plan: PlannedDocument) => void;
  readonly signal: AbortSignal;
}

const MAX_LAYOUTS = 64;

interface Layout {
  readonly total: number;
  readonly pages: readonly PageSize[];
  readonly failedPages: readonly FailedPage[];
  /** Absent if characters were not counted. */
  readonly undrawn?: PlannedDocument["undrawn"];
}

/** Renders pages of documents, one at a time, and caches layouts and images. */
export class DocumentStore {
  private readonly images: ImageStore;
  private readonly semaphore = new Semaphore(LIMITS.document.openAtOnce);
  private readonly layouts = new Map<string, Layout>();

  constructor(images: ImageStore) {
    this.images = images;
  }

  /** Counts pages and tokens. Throws what openDocument and onPlan throw, the signal's reason. */
  async plan(part: DocumentPart, options: DocumentOptions): Promise<PlannedDocument> {
    return await this.semaphore.run(async () => {
      options.signal.throwIfAborted();
      const key = keyOf(part);
      const cached = this.layouts.get(key);
      if (cached?.undrawn) return this.toPlan(cached, options);
      const document = await openDocument(part.bytes, part, options.signal);
      try {
        const layout = { ...layoutOf(document), undrawn: await countUndrawn(document) };
        this.saveLayout(key, layout);
        return this.toPlan(layout, options);
      } finally {
        await document.close();
      }
    });
  }

  /** Plans the document and renders its pages. Throws what `plan` throws. */
  async open(part: DocumentPart, options: DocumentOptions): Promise<OpenedDocument> {
    const { maxTiles, signal } = options;
    const key = keyOf(part);
    const keyOfPage = ({ number }: PageSize) => `${key} page ${number} ${maxTiles}`;
    return await this.semaphore.run(async () => {
      signal.throwIfAborted();
      const cached = this.layouts.get(key);
      const rendered = cached?.pages.map((page) => this.images.find(keyOfPage(page)));
      if (cached && rendered?.every((image) => image !== undefined)) {
        return withImages(this.toPlan(cached, options), rendered);
      }
      const document = await openDocument(part.bytes, part, signal);
      try {
        const layout = layoutOf(document);
        this.saveLayout(key, { ...cached, ...layout });
        const plan = this.toPlan(layout, options);
        const images = new Map<number, OpenedImage>();
        const failedPages = await forEachPage(document, signal, async (page) => {
          const render = async () => ({ ...(await document.render(page)), ...turnOf(page) });
          images.set(page.number, await this.images.openAs(keyOfPage(page), maxTiles, render));
        });
        const pages = plan.pages.filter(({ number }) => images.has(number));
        return withImages({ ...plan, pages, failedPages }, [...images.values()]);
      } finally {
        await document.close();
      }
    });
  }

  /**
   * Renders the selected pages for people, with their words; without a selection, the first page.
   * Throws what openDocument throws, and too_many_pages.
   */
  async inspect(part: DocumentPart, signal: AbortSignal): Promise<DocumentInspection> {
    return await this.semaphore.run(async () => {
      signal.throwIfAborted();
      const { bytes, pages = "1" } = part;
      const document = await openDocument(bytes, { ...part, pages }, signal);
      try {
        const { length } = document.pages;
        if (length > LIMITS.inspection.pages) throw tooManyAtOnce(length);
        const inspected: PageInspection[] = [];
        const failedPages = await forEachPage(document, signal, async (page) => {
          const image = await document.render(shrunk(page));
          const jpeg = await encodeJpeg(image, LIMITS.inspection.pagePx);
          const text = await document.text(page);
          inspected.push({ ...page, jpeg, undrawn: text.undrawn, words: wordsOf(text) });
        });
        return { totalPages: document.total, pages: inspected, failedPages };
      } finally {
        await document.close();
      }
    });
  }

  private toPlan(layout: Layout, options: DocumentOptions): PlannedDocument {
    const { total, pages, failedPages, undrawn = [] } = layout;
    const plan = {
      total,
      failedPages,
      undrawn,
      pages: pages.map((page) => {
        const { number, width, height } = page;
        return { number, ...this.images.plan(width, height, options.maxTiles), ...turnOf(page) };
      }),
    };
    options.onPlan(plan);
    return plan;
  }

  private saveLayout(key: string, layout: Layout): void {
    this.layouts.set(key, layout);
    for (const oldest of this.layouts.keys()) {
      if (this.layouts.size <= MAX_LAYOUTS) break;
      this.layouts.delete(oldest);
    }
  }
}

function layoutOf({ total, pages, faults }: Document): Layout {
  const failedPages = faults.map(({ number, reason }) => ({ page: number, reason }));
  return { total, pages, failedPages };
}

/** Skips pages that cannot be read; rendering reports them. */
async function countUndrawn(document: Document): Promise<PlannedDocument["undrawn"]> {
  const found: { page: number; characters: number }[] = [];
  for (const page of document.pages) {
    const characters = await document.countUndrawn(page).catch((error: unknown) => {
      if (!isFaultOfPage(error)) throw error;
      return 0;
    });
    if (characters > 0) found.push({ page: page.number, characters });
  }
  return found;
}

/**
 * Works on each page. Returns the failed pages: those of the file and those where `work` failed.
 * Throws the first error if every page failed.
 */
async function forEachPage(
  document: Document,
  signal: AbortSignal,
  work: (page: PageSize) => Promise<void>,
): Promise<FailedPage[]> {
  const { failedPages } = layoutOf(document);
  const failed: FailedPage[] = [];
  let failure: unknown;
  for (const page of document.pages) {
    signal.throwIfAborted();
    await work(page).catch((error: unknown) => {
      if (!isFaultOfPage(error)) throw error;
      failure ??= error;
      failed.push({ page: page.number, reason: error.message });
    });
  }
  if (failed.length > 0 && failed.length === document.pages.length) throw failure;
  return [...failedPages, ...failed];
}

/** Takes sizes from the rendered images, since some GIFs differ from their header. */
function withImages(plan: PlannedDocument, images: readonly OpenedImage[]): OpenedDocument {
  const pages = plan.pages.map(({ number }, at) => ({ number, ...images[at]! }));
  return { ...plan, pages, images };
}

function turnOf({ turn }: PageSize): { readonly turn?: number } {
  return turn === undefined ? {} : { turn };
}

/** The page scaled down to at most LIMITS.inspection.pagePx. */
function shrunk({ number, width, height }: PageSize): PageSize {
  const scale = Math.min(1, LIMITS.inspection.pagePx / Math.max(width, height));
  const side = (pixels: number): number => Math.max(1, Math.round(pixels * scale));
  return { number, width: side(width), height: side(height) };
}

function tooManyAtOnce(actual: number): VireoError {
  const limit = LIMITS.inspection.pages;
  const message = `${actual} pages are selected; the limit is ${limit}. Select fewer pages`;
  return new VireoError("too_many_pages", message, { metadata: { limit, actual } });
}

function keyOf({ bytes, pages = "", dpi, exifOrientation = "apply" }: DocumentPart): string {
  const hash = createHash("sha256").update(bytes).digest("hex");
  return `document ${hash} ${dpi ?? ""} ${exifOrientation} ${pages}`;
}
