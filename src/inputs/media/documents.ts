import type { DocumentPart } from "../../core/chat.ts";
import { dropOldest } from "../../core/drop-oldest.ts";
import { VireoError } from "../../core/errors.ts";
import { FairQueue } from "../../core/fair-queue.ts";
import type { DocumentInspection, FailedPage, PageInspection } from "../../core/inspection.ts";
import { LIMITS } from "../../core/limits.ts";
import { convertOffice, openDocument } from "../../media/document.ts";
import { encodeJpeg } from "../../media/encode.ts";
import { hashMedia, type MediaOwner } from "../../media/media-owner.ts";
import { type Document, isFaultOfPage, type PageSize } from "../../media/pages.ts";
import { wordsOf } from "../../media/words.ts";
import type { ImageStore, OpenedImage, PlannedImage } from "./images.ts";

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

/** The owner of a turn, and the signal that ends it. */
interface DocumentTurn {
  readonly owner: MediaOwner;
  readonly signal: AbortSignal;
}

export interface DocumentOptions extends DocumentTurn {
  readonly maxTiles: number;
  /** Called with the plan before any page is rendered; may throw. */
  readonly onPlan: (plan: PlannedDocument) => void;
}

const MAX_LAYOUTS = 64;

interface Layout {
  readonly total: number;
  readonly pages: readonly PageSize[];
  readonly failedPages: readonly FailedPage[];
  /** Absent if characters were not counted. */
  readonly undrawn?: PlannedDocument["undrawn"];
}

/** Renders pages of documents in turns between tenants, and caches layouts and images. */
export class DocumentStore {
  private readonly images: ImageStore;
  private readonly queue = new FairQueue({
    things: "documents",
    unit: "files",
    slots: LIMITS.document.openAtOnce,
    reservedSlots: 1,
    maxWaitingCost: LIMITS.queue.requests,
  });
  private readonly layouts = new Map<string, Layout>();

  constructor(images: ImageStore) {
    this.images = images;
  }

  /**
   * Counts pages and tokens. Throws what openDocument and onPlan throw, queue_full, and the
   * signal's reason.
   */
  async plan(part: DocumentPart, options: DocumentOptions): Promise<PlannedDocument> {
    const key = await keyOf(part, options.owner);
    const cached = this.layouts.get(key);
    if (cached?.undrawn) return this.toPlan(cached, options);
    const undrawn: { page: number; characters: number }[] = [];
    let layout: Layout | undefined;
    await this.forEachPage(part, options, {
      begin: (document) => {
        layout = layoutOf(document);
      },
      work: async (document, page) => {
        // rendering reports pages that cannot be read
        const characters = await document.countUndrawn(page).catch(ignoreFaultOfPage);
        if (characters) undrawn.push({ page: page.number, characters });
      },
    });
    const complete = { ...layout!, undrawn };
    this.saveLayout(key, complete, options.owner);
    return this.toPlan(complete, options);
  }

  /** Plans the document and renders its pages. Throws what `plan` throws. */
  async open(part: DocumentPart, options: DocumentOptions): Promise<OpenedDocument> {
    const { maxTiles, owner } = options;
    const key = await keyOf(part, owner);
    const keyOfPage = ({ number }: PageSize) => `${key} page ${number} ${maxTiles}`;
    const cached = this.layouts.get(key);
    const rendered = cached?.pages.map((page) => this.images.find(keyOfPage(page)));
    if (cached && rendered?.every((image) => image !== undefined)) {
      return withImages(this.toPlan(cached, options), rendered);
    }
    const images = new Map<number, OpenedImage>();
    let plan: PlannedDocument | undefined;
    const failedPages = await this.forEachPage(part, options, {
      begin: (document) => {
        const layout = layoutOf(document);
        this.saveLayout(key, { ...cached, ...layout }, owner);
        plan = this.toPlan(layout, options);
      },
      work: async (document, page) => {
        const pageKey = keyOfPage(page);
        const known = this.images.find(pageKey);
        const render = async () =>
          await this.images.add(
            pageKey,
            maxTiles,
            { ...(await document.render(page)), ...turnOf(page) },
            owner,
          );
        images.set(page.number, known ?? (await render()));
      },
    });
    const pages = plan!.pages.filter(({ number }) => images.has(number));
    return withImages({ ...plan!, pages, failedPages }, [...images.values()]);
  }

  /**
   * Renders the selected pages for people, with their words; without a selection, the first page.
   * Throws what openDocument throws, too_many_pages and queue_full.
   */
  async inspect(part: DocumentPart, turn: DocumentTurn): Promise<DocumentInspection> {
    const { pages = "1" } = part;
    const inspected: PageInspection[] = [];
    let totalPages = 0;
    const failedPages = await this.forEachPage({ ...part, pages }, turn, {
      begin: (document) => {
        const { length } = document.pages;
        if (length > LIMITS.inspection.pages) throw tooManyAtOnce(length);
        totalPages = document.total;
      },
      work: async (document, page) => {
        const image = await document.render(shrunk(page));
        const jpeg = await encodeJpeg(image, LIMITS.inspection.pagePx);
        const text = await document.text(page);
        inspected.push({ ...page, jpeg, undrawn: text.undrawn, words: wordsOf(text) });
      },
    });
    return { totalPages, pages: inspected, failedPages };
  }

  /**
   * Works on each selected page in the tenant's turns. After a few pages the document is closed if
   * another tenant waits, and opened again in the next turn, so that nobody waits for a whole file.
   *
   * Returns the failed pages: those of the file and those where `work` failed. Throws the first
   * error if every page failed.
   */
  private async forEachPage(
    part: DocumentPart,
    { owner, signal }: DocumentTurn,
    { begin, work }: PageWork,
  ): Promise<FailedPage[]> {
    const { tenant, request } = owner;
    const file = await convertOffice(part.bytes, part, owner, signal);
    const failed: FailedPage[] = [];
    let faults: readonly FailedPage[] = [];
    let failure: unknown;
    let count = 0;
    let next = 0;
    const takeTurn = async (document: Document): Promise<void> => {
      if (next === 0) {
        begin(document);
        count = document.pages.length;
        faults = layoutOf(document).failedPages;
      }
      for (let done = 0; next < count; next++, done++) {
        if (done >= LIMITS.document.pagesPerTurn && this.queue.isWanted(tenant)) return;
        signal.throwIfAborted();
        const page = document.pages[next]!;
        await work(document, page).catch((error: unknown) => {
          if (!isFaultOfPage(error)) throw error;
          failure ??= error;
          failed.push({ page: page.number, reason: error.message });
        });
      }
    };
    do {
      await this.queue.run({ tenant, request, signal }, async () => {
        const document = await openDocument(file, part, signal);
        await takeTurn(document).finally(() => document.close());
      });
    } while (next < count);
    if (failed.length > 0 && failed.length === count) throw failure;
    return [...faults, ...failed];
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

  private saveLayout(key: string, layout: Layout, { keepsNothing }: MediaOwner): void {
    if (keepsNothing) return;
    this.layouts.set(key, layout);
    dropOldest(this.layouts, MAX_LAYOUTS);
  }
}

function layoutOf({ total, pages, faults }: Document): Layout {
  const failedPages = faults.map(({ number, reason }) => ({ page: number, reason }));
  return { total, pages, failedPages };
}

/** Work on the pages of a document, which may be opened several times. */
interface PageWork {
  /** Called once, before the first page; may throw. */
  readonly begin: (document: Document) => void;
  readonly work: (document: Document, page: PageSize) => Promise<void>;
}

function ignoreFaultOfPage(error: unknown): undefined {
  if (!isFaultOfPage(error)) throw error;
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

async function keyOf(part: DocumentPart, owner: MediaOwner): Promise<string> {
  const { bytes, pages = "", dpi, exifOrientation = "apply" } = part;
  const hash = await hashMedia(owner, [bytes]);
  return `document ${hash} ${dpi ?? ""} ${exifOrientation} ${pages}`;
}
