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
  /** Counts the file's pages from 1. */
  readonly number: number;
}

/** Pages of a document that were asked for, and what they cost; nothing is drawn yet. */
export interface PlannedDocument {
  /** Pages of the file. */
  readonly total: number;
  readonly pages: readonly PlannedPage[];
  readonly failedPages: readonly FailedPage[];
  /** Pages with characters that no font has; empty where nobody has counted. */
  readonly undrawn: readonly { readonly page: number; readonly characters: number }[];
}

export interface OpenedDocument extends PlannedDocument {
  readonly images: readonly OpenedImage[];
}

export interface DocumentOptions {
  readonly maxTiles: number;
  /** Hears what the pages cost before any is drawn, and may throw. */
  readonly onPlan: (plan: PlannedDocument) => void;
  readonly signal: AbortSignal;
}

const PLANS_REMEMBERED = 64;

interface Layout {
  readonly total: number;
  readonly pages: readonly PageSize[];
  readonly failedPages: readonly FailedPage[];
  /** Absent where nobody has counted. */
  readonly undrawn?: PlannedDocument["undrawn"];
}

/** Makes images of documents' pages, one page at a time; a second showing costs nothing. */
export class DocumentStore {
  private readonly images: ImageStore;
  private readonly gate = new Semaphore(LIMITS.documentsOpen);
  private readonly layouts = new Map<string, Layout>();

  constructor(images: ImageStore) {
    this.images = images;
  }

  /** Throws what openDocument and onPlan throw, and the signal's reason. */
  async plan(part: DocumentPart, options: DocumentOptions): Promise<PlannedDocument> {
    return await this.gate.run(async () => {
      options.signal.throwIfAborted();
      const key = keyOf(part);
      const known = this.layouts.get(key);
      if (known?.undrawn) return this.planned(known, options);
      const document = await openDocument(part.bytes, part, options.signal);
      try {
        const layout = { ...layoutOf(document), undrawn: await countUndrawn(document) };
        this.remember(key, layout);
        return this.planned(layout, options);
      } finally {
        await document.close();
      }
    });
  }

  /** The same, and draws the pages. */
  async open(part: DocumentPart, options: DocumentOptions): Promise<OpenedDocument> {
    const { maxTiles, signal } = options;
    const key = keyOf(part);
    const keyOfPage = ({ number }: PageSize) => `${key} page ${number} ${maxTiles}`;
    return await this.gate.run(async () => {
      signal.throwIfAborted();
      const known = this.layouts.get(key);
      const drawn = known?.pages.map((page) => this.images.find(keyOfPage(page)));
      if (known && drawn?.every((image) => image !== undefined)) {
        return withImages(this.planned(known, options), drawn);
      }
      const document = await openDocument(part.bytes, part, signal);
      try {
        const layout = layoutOf(document);
        this.remember(key, { ...known, ...layout });
        const plan = this.planned(layout, options);
        const images = new Map<number, OpenedImage>();
        const failedPages = await forEachPage(document, signal, async (page) => {
          const draw = async () => ({ ...(await document.render(page)), ...turnOf(page) });
          images.set(page.number, await this.images.openAs(keyOfPage(page), maxTiles, draw));
        });
        const pages = plan.pages.filter(({ number }) => images.has(number));
        return withImages({ ...plan, pages, failedPages }, [...images.values()]);
      } finally {
        await document.close();
      }
    });
  }

  /**
   * The pages that the part names as people see them; where it names none, the first. Throws what
   * openDocument throws, and too_many_pages.
   */
  async look(part: DocumentPart, signal: AbortSignal): Promise<DocumentInspection> {
    return await this.gate.run(async () => {
      signal.throwIfAborted();
      const { bytes, pages = "1" } = part;
      const document = await openDocument(bytes, { ...part, pages }, signal);
      try {
        const { length } = document.pages;
        if (length > LIMITS.pagesPerLook) throw tooManyAtOnce(length);
        const looks: PageInspection[] = [];
        const failedPages = await forEachPage(document, signal, async (page) => {
          const image = await document.render(shrunk(page));
          const jpeg = await encodeJpeg(image, LIMITS.lookPagePx);
          const text = await document.text(page);
          looks.push({ ...page, jpeg, undrawn: text.undrawn, words: wordsOf(text) });
        });
        return { totalPages: document.total, pages: looks, failedPages };
      } finally {
        await document.close();
      }
    });
  }

  private planned(layout: Layout, options: DocumentOptions): PlannedDocument {
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

  private remember(key: string, layout: Layout): void {
    this.layouts.set(key, layout);
    for (const oldest of this.layouts.keys()) {
      if (this.layouts.size <= PLANS_REMEMBERED) break;
      this.layouts.delete(oldest);
    }
  }
}

function layoutOf({ total, pages, faults }: Document): Layout {
  const failedPages = faults.map(({ number, reason }) => ({ page: number, reason }));
  return { total, pages, failedPages };
}

/** Counting is a service: a page that cannot be read is told when it is to be drawn. */
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
 * Works on each page. Returns those that have faults, the file's and those that were met; throws
 * the first one's error if all have.
 */
async function forEachPage(
  document: Document,
  signal: AbortSignal,
  work: (page: PageSize) => Promise<void>,
): Promise<FailedPage[]> {
  const { failedPages } = layoutOf(document);
  const met: FailedPage[] = [];
  let failure: unknown;
  for (const page of document.pages) {
    signal.throwIfAborted();
    await work(page).catch((error: unknown) => {
      if (!isFaultOfPage(error)) throw error;
      failure ??= error;
      met.push({ page: page.number, reason: error.message });
    });
  }
  if (met.length > 0 && met.length === document.pages.length) throw failure;
  return [...failedPages, ...met];
}

/** What the pages cost is what was drawn: some GIFs turn out smaller or larger than they say. */
function withImages(plan: PlannedDocument, images: readonly OpenedImage[]): OpenedDocument {
  const pages = plan.pages.map(({ number }, at) => ({ number, ...images[at]! }));
  return { ...plan, pages, images };
}

function turnOf({ turn }: PageSize): { readonly turn?: number } {
  return turn === undefined ? {} : { turn };
}

/** The page in fewer pixels, if it has more than people need. */
function shrunk({ number, width, height }: PageSize): PageSize {
  const scale = Math.min(1, LIMITS.lookPagePx / Math.max(width, height));
  const side = (pixels: number): number => Math.max(1, Math.round(pixels * scale));
  return { number, width: side(width), height: side(height) };
}

function tooManyAtOnce(actual: number): VireoError {
  const limit = LIMITS.pagesPerLook;
  const message = `${actual} pages are asked for; at most ${limit} are shown at once`;
  return new VireoError("too_many_pages", message, { metadata: { limit, actual } });
}

function keyOf({ bytes, pages = "", dpi, exifOrientation = "apply" }: DocumentPart): string {
  const hash = createHash("sha256").update(bytes).digest("hex");
  return `document ${hash} ${dpi ?? ""} ${exifOrientation} ${pages}`;
}
